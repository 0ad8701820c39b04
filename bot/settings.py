"""One frozen BotSettings; the only place of this package that reads the environment (and ``.env``)."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from rag.settings import EnvironmentSettings, default_data_dir

Names = Annotated[tuple[str, ...], NoDecode]
"""Comma-separated ``platform:id`` entries."""

Listed = Annotated[tuple[str, ...], NoDecode]
"""Comma-separated addresses and networks."""


class BotSettings(EnvironmentSettings):
    """Every setting of the channels and of what they share, with its environment variable (see ``.env.example``)."""

    data_dir: Path = Field(default_factory=default_data_dir, alias="NINGWEN_DATA_DIR")
    database: SecretStr | None = Field(default=None, alias="DATABASE_URL")
    database_timeout: float = Field(default=5, gt=0, le=300, alias="DATABASE_TIMEOUT")
    hash_key: SecretStr | None = Field(default=None, alias="NINGWEN_HASH_KEY")

    allowed_users: Names = Field(default=(), alias="ALLOWED_USERS")
    allowed_groups: Names = Field(default=(), alias="ALLOWED_GROUPS")
    rate_per_minute: int = Field(default=20, ge=1, alias="RATE_PER_MINUTE")
    queue_limit: int = Field(default=500, ge=1, alias="QUEUE_LIMIT")
    processes: int = Field(default=2, ge=1, le=16, alias="PROCESSES")
    workers: int = Field(default=4, ge=1, le=64, alias="WORKERS")
    answer_timeout: float = Field(default=120, gt=0, alias="ANSWER_TIMEOUT")
    inbox_max_age: float = Field(default=6 * 3600, gt=0, alias="INBOX_MAX_AGE")
    inbox_lease: float = Field(default=30, gt=0, alias="INBOX_LEASE")
    session_turns: int = Field(default=6, ge=0, le=50, alias="SESSION_TURNS")
    session_minutes: float = Field(default=30, gt=0, alias="SESSION_MINUTES")
    audit_days: int = Field(default=200, ge=1, alias="AUDIT_DAYS")
    log_format: Literal["json", "console"] = Field(default="console", alias="LOG_FORMAT")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", alias="LOG_LEVEL")

    telegram_token: SecretStr | None = Field(default=None, alias="TELEGRAM_BOT_TOKEN")
    telegram_base_url: str = Field(default="https://api.telegram.org", alias="TELEGRAM_BASE_URL")
    telegram_rate: float = Field(default=30, gt=0, alias="TELEGRAM_RATE")
    telegram_webhook_url: str | None = Field(default=None, alias="TELEGRAM_WEBHOOK_URL")
    telegram_webhook_secret: SecretStr | None = Field(default=None, alias="TELEGRAM_WEBHOOK_SECRET")
    telegram_webhook_listen: str = Field(default="127.0.0.1:8443", alias="TELEGRAM_WEBHOOK_LISTEN")

    http_listen: str = Field(default="127.0.0.1:8080", pattern=r"^.*:\d{1,5}$", alias="HTTP_LISTEN")
    http_proxies: Listed = Field(default=("127.0.0.1",), alias="HTTP_PROXIES")

    wecom_corp_id: str | None = Field(default=None, alias="WECOM_CORP_ID")
    wecom_agent_id: int | None = Field(default=None, ge=1, alias="WECOM_AGENT_ID")
    wecom_secret: SecretStr | None = Field(default=None, alias="WECOM_SECRET")
    wecom_token: SecretStr | None = Field(default=None, alias="WECOM_TOKEN")
    wecom_aes_key: SecretStr | None = Field(default=None, alias="WECOM_AES_KEY")
    wecom_markdown: bool = Field(default=False, alias="WECOM_MARKDOWN")
    wecom_buttons: bool = Field(default=True, alias="WECOM_BUTTONS")
    wecom_bot_token: SecretStr | None = Field(default=None, alias="WECOM_BOT_TOKEN")
    wecom_bot_aes_key: SecretStr | None = Field(default=None, alias="WECOM_BOT_AES_KEY")
    wecom_bot_id: str | None = Field(default=None, alias="WECOM_BOT_ID")
    wecom_bot_secret: SecretStr | None = Field(default=None, alias="WECOM_BOT_SECRET")
    wecom_bot_name: str = Field(default="", alias="WECOM_BOT_NAME")
    wecom_bot_card: bool = Field(default=False, alias="WECOM_BOT_CARD")
    wecom_allowed_ips: Listed = Field(default=(), alias="WECOM_ALLOWED_IPS")
    wecom_api_url: str = Field(default="https://qyapi.weixin.qq.com", pattern=r"^https?://", alias="WECOM_API_URL")
    wecom_socket_url: str = Field(default="wss://openws.work.weixin.qq.com", pattern=r"^wss?://", alias="WECOM_SOCKET_URL")

    @field_validator("wecom_allowed_ips", "http_proxies", mode="before")
    @classmethod
    def _list(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        names = tuple(name.strip() for name in value.replace("，", ",").split(",") if name.strip())
        for name in names:
            ip_network(name, strict=False)
        return names

    @field_validator("allowed_users", "allowed_groups", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        names = tuple(name.strip() for name in value.replace("，", ",").split(",") if name.strip())
        if any(":" not in name for name in names):
            raise ValueError("each entry must look like platform:id")
        return names

    @property
    def database_url(self) -> str:
        """Where everything is kept; a file in the data folder unless the settings say otherwise. Holds a secret."""
        return self.database.get_secret_value() if self.database else f"sqlite:///{self.data_dir / 'ningwen.db'}"
