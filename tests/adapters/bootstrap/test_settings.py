"""Settings: defaults, then a TOML file, then the environment; what cannot be used stops the start and is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from oms_adapters.bootstrap.settings import (
    BadSettings,
    DatabaseSettings,
    HttpSettings,
    Settings,
    WorkerSettings,
    load_settings,
    names,
)

PASSWORD = "p4ss-w0rd"
SERVER = f"postgresql://oms:{PASSWORD}@db.example.invalid/oms"


@pytest.fixture
def environment(bare, monkeypatch):
    """Sets variables, in a folder with nothing in it, where none is set."""
    monkeypatch.delenv("OMS_LANGUAGE")
    return lambda **variables: [monkeypatch.setenv(name, value) for name, value in variables.items()]


@pytest.fixture
def toml(bare, environment):
    """Writes the TOML file that the environment names."""

    def write(text: str) -> None:
        environment(OMS_SETTINGS=bare.write("oms.toml", text.encode()))

    return write


def refusal() -> tuple[str, str]:
    with pytest.raises(BadSettings) as refused:
        load_settings()
    return refused.value.setting, refused.value.why


# --- where they come from --------------------------------------------------------------------------------------------


def test_without_any_the_defaults_stand(environment):
    assert load_settings() == Settings()


def test_variables_are_read(environment):
    environment(
        OMS_DATABASE_URL=SERVER,
        OMS_DATABASE_POOL="8",
        OMS_HTTP_PORT="8080",
        OMS_WORKER_IN_PROCESS="false",
        OMS_KEYS_FILE="/etc/oms/keys.json",
        OMS_LOG_LEVEL="debug",
        OMS_LANGUAGE="en",
    )

    assert load_settings() == Settings(
        database=DatabaseSettings(url=SERVER, pool=8),
        http=HttpSettings(port=8080),
        worker=WorkerSettings(in_process=False),
        keys_file="/etc/oms/keys.json",
        log_level="debug",
        language="en",
    )


def test_a_toml_file_is_read_and_a_variable_goes_before_it(toml, environment):
    toml('[oms]\nlog_level = "warning"\n[oms.http]\nport = 8001\nhost = "0.0.0.0"\n[oms.database]\npool = 2\n')
    environment(OMS_HTTP_PORT="8002")

    assert load_settings() == Settings(
        database=DatabaseSettings(pool=2), http=HttpSettings(port=8002, host="0.0.0.0"), log_level="warning"
    )


def test_variables_of_the_tests_are_none_of_ours(environment):
    environment(OMS_TEST_PG_URL="postgresql://127.0.0.1/test")

    assert load_settings() == Settings()


def test_every_setting_is_named_once():
    found = [name for name, _, _ in names()]

    assert len(found) == len(set(found))
    assert {"OMS_DATABASE_URL", "OMS_HTTP_PORT", "OMS_WORKER_PULL_EVERY_S", "OMS_KEYS_FILE"} <= set(found)


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["OMS_DATABSE_URL", "OMS_PORT", "OMS_HTTP_PORT_", "OMS_"])
def test_a_variable_that_is_none_of_ours_is_refused(environment, name):
    environment(**{name: "1"})

    assert refusal() == (name, "there is no such setting; see docs/reference/settings.md")


def test_a_missing_toml_file_is_refused(environment):
    environment(OMS_SETTINGS="/no/such/oms.toml")

    assert refusal() == ("OMS_SETTINGS", "there is no file /no/such/oms.toml")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("[oms", "OMS_SETTINGS"),
        ("[oms.http]\nporrt = 1", "OMS_SETTINGS"),
        ("[oms]\nhttp = 5", "OMS_SETTINGS"),
        ('[oms.http]\nport = "many"', "OMS_HTTP_PORT"),
    ],
)
def test_a_toml_file_that_cannot_be_read_is_refused(toml, text, name):
    toml(text)

    assert refusal()[0] == name
    assert refusal()[1]


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("OMS_HTTP_PORT", "0", "is 0, must be 1 to 65535"),
        ("OMS_HTTP_PORT", "65536", "is 65536, must be 1 to 65535"),
        ("OMS_HTTP_PORT", "-1", "is -1, must be 1 to 65535"),
        ("OMS_DATABASE_POOL", "0", "is 0, must be 1 to 64"),
        ("OMS_WORKER_THREADS", "17", "is 17, must be 1 to 16"),
        ("OMS_LOG_LEVEL", "loud", "must be one of debug, info, warning, error"),
        ("OMS_LANGUAGE", "fr", "must be one of zh, en"),
    ],
)
def test_a_value_out_of_its_range_is_refused_by_its_name(environment, name, value, why):
    environment(**{name: value})

    assert refusal() == (name, why)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OMS_HTTP_PORT", "many"),
        ("OMS_HTTP_PORT", ""),
        ("OMS_WORKER_IN_PROCESS", "perhaps"),
        ("OMS_DATABASE_URL", "no database"),
        ("OMS_DATABASE_URL", ""),
    ],
)
def test_a_value_that_cannot_be_read_is_refused(environment, name, value):
    environment(**{name: value})

    assert refusal()[0] == name
    assert refusal()[1]


def test_a_command_shows_a_bad_setting_with_what_to_do(bare, environment):
    environment(OMS_HTTP_PORT="0", OMS_LANGUAGE="en")

    done = bare.run("orders", "list")

    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines() == [
        "Error: OMS_HTTP_PORT: is 0, must be 1 to 65535",
        "  settings.bad (setting=OMS_HTTP_PORT, why=is 0, must be 1 to 65535)",
        "  → all settings are in docs/reference/settings.md",
    ]


# --- keys ------------------------------------------------------------------------------------------------------------


def test_the_keys_lie_beside_an_embedded_database(environment):
    environment(OMS_DATABASE_URL="sqlite:///somewhere/else.db")

    assert load_settings().keys_path == Path("somewhere/oms-keys.json")


def test_beside_a_server_the_keys_must_be_named(environment):
    environment(OMS_DATABASE_URL=SERVER)

    with pytest.raises(BadSettings) as refused:
        load_settings().keys_path  # noqa: B018

    assert refused.value.setting == "OMS_KEYS_FILE"


# --- secrets ---------------------------------------------------------------------------------------------------------


def test_no_representation_shows_a_secret(environment):
    environment(OMS_DATABASE_URL=SERVER)

    settings = load_settings()

    assert str(settings.database.url) == SERVER
    for shown in (repr(settings), str(settings), repr(settings.database)):
        assert PASSWORD not in shown


def test_the_doctor_shows_every_setting(oms):
    done = oms.run("doctor")

    assert done.code == 0
    assert [name for name, _, _ in names() if name not in done.out] == []


@pytest.mark.postgres
def test_the_doctor_hides_the_password_of_a_server(bare, environment, fresh_url):
    url = make_url(fresh_url("postgres")).set(password=PASSWORD)  # trusted here, whatever it says
    environment(
        OMS_DATABASE_URL=url.render_as_string(hide_password=False), OMS_KEYS_FILE=str(bare.folder / "keys.json")
    )
    assert bare.run("keys", "init").code == 0
    assert bare.run("migrate").code == 0

    done = bare.run("doctor")

    assert done.code == 0
    assert "OMS_DATABASE_URL" in done.out
    assert PASSWORD not in done.out + done.err


def test_a_server_that_is_away_is_said_without_its_password(bare, environment):
    environment(
        OMS_DATABASE_URL=f"postgresql://oms:{PASSWORD}@127.0.0.1:1/oms", OMS_KEYS_FILE="keys.json", OMS_LANGUAGE="en"
    )

    done = bare.run("orders", "list")

    assert (done.code, done.out) == (1, "")
    assert "store.unavailable" in done.err
    assert "is the database running" in done.err
    assert PASSWORD not in done.err
