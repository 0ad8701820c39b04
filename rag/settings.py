"""One frozen Settings; the only place of this package that reads the environment (and ``.env``)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from rag.errors import ConfigurationError

_ROOT = Path(__file__).resolve().parent.parent


def default_data_dir() -> Path:
    """Where everything that is not configured otherwise lies."""
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "ningwen"


class EnvironmentSettings(BaseSettings):
    """Frozen settings that are read from the environment and ``.env``; each package has one class of them."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True, populate_by_name=True, env_ignore_empty=True
    )

    @classmethod
    def load(cls, **overrides: object) -> Self:
        """Settings from the environment. Raises ConfigurationError naming the variable that is wrong."""
        try:
            return cls(**overrides)
        except ValidationError as error:
            name = str(error.errors()[0]["loc"][0]) if error.errors()[0]["loc"] else "?"
            raise ConfigurationError(f"配置项 {name} 的值不正确，请检查环境变量或 .env 文件。", detail=name) from None
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError("读不到配置文件 .env，请检查文件权限和编码（应为 UTF-8）。", detail=type(error).__name__) from None


class Settings(EnvironmentSettings):
    """Every setting of question answering, with its environment variable (see ``.env.example``)."""

    corpus_dir: Path = Field(default=_ROOT / "corpus", alias="NINGWEN_CORPUS_DIR")
    data_dir: Path = Field(default_factory=default_data_dir, alias="NINGWEN_DATA_DIR")
    threads: int = Field(default=2, ge=1, le=64, alias="NINGWEN_THREADS")
    precision: Literal["fp32", "int8"] = Field(default="fp32", alias="NINGWEN_PRECISION")
    chroma_url: str | None = Field(default=None, alias="CHROMA_URL")
    openai_api_key: SecretStr | None = Field(default=None, alias="OPENAI_API_KEY")
    openai_base_url: str | None = Field(default=None, alias="OPENAI_BASE_URL")
    embedding_model: str | None = Field(default=None, alias="OPENAI_EMBEDDING_MODEL")
    chat_model: str | None = Field(default=None, alias="OPENAI_MODEL")
    answer_deadline: float = Field(default=20.0, ge=0.5, le=300, alias="ANSWER_DEADLINE_S")
    max_prompt_tokens: int = Field(default=1600, ge=600, le=100_000, alias="MAX_PROMPT_TOKENS")
    connect_timeout: float = Field(default=5.0, gt=0, le=60, alias="OPENAI_CONNECT_TIMEOUT_S")
    read_timeout: float = Field(default=15.0, gt=0, le=300, alias="OPENAI_READ_TIMEOUT_S")
    prompt_price: float | None = Field(default=None, ge=0, alias="OPENAI_PROMPT_PRICE")
    completion_price: float | None = Field(default=None, ge=0, alias="OPENAI_COMPLETION_PRICE")

    @field_validator("chroma_url")
    @classmethod
    def _http_url(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value
