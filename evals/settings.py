"""One frozen EvalSettings; the only place of this package that reads the environment (and ``.env``)."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from rag.errors import ConfigurationError
from rag.settings import default_data_dir


class EvalSettings(BaseSettings):
    """Where the answers that people were given are kept; the same variables as the channels read (see ``.env.example``)."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True, populate_by_name=True, env_ignore_empty=True
    )

    data_dir: Path = Field(default_factory=default_data_dir, alias="NINGWEN_DATA_DIR")
    database: SecretStr | None = Field(default=None, alias="DATABASE_URL")

    @classmethod
    def load(cls) -> EvalSettings:
        """Settings from the environment. Raises ConfigurationError naming the variable that is wrong."""
        try:
            return cls()
        except ValidationError as error:
            name = str(error.errors()[0]["loc"][0]) if error.errors()[0]["loc"] else "?"
            raise ConfigurationError(f"配置项 {name} 的值不正确，请检查环境变量或 .env 文件。", detail=name) from None
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError("读不到配置文件 .env，请检查文件权限和编码（应为 UTF-8）。", detail=type(error).__name__) from None

    @property
    def database_url(self) -> str:
        """A file in the data folder unless the settings say otherwise. Holds a secret."""
        return self.database.get_secret_value() if self.database else f"sqlite:///{self.data_dir / 'ningwen.db'}"
