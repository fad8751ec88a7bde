"""Makes what `deploy/docker-compose.yml` mounts, in deploy/secrets: passwords, certificates, users, Kafka's settings.

    python3 -m deploy.prepare                     from the top of the checkout, once; needs openssl

What is there stays as it is. `--kafka-host NAME` is for clients outside: the name by which they find Kafka.
"""

from __future__ import annotations

import argparse
import hashlib
import secrets
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from deploy.kafka.run import as_the_node, first_user, make_authority, make_certificate, properties

FOLDER: Final = Path(__file__).resolve().parent / "secrets"
#: Where containers find them.
MOUNTED: Final = Path("/run/secrets")
#: Our ClickHouse users and what each may do in the database `vedette`: docs/operator.md has the same as SQL.
GRANTS: Final[Mapping[str, Sequence[str]]] = {
    "vedette_migrator": ("GRANT ALL ON vedette.*", "GRANT TABLE ENGINE ON *"),
    "vedette_writer": ("GRANT SELECT, INSERT ON vedette.*",),
    "vedette_reader": ("GRANT SELECT ON vedette.*",),
}
#: What bounds a question of the API: it cannot write, and ends before it takes the server's memory.
READER: Final[Mapping[str, int]] = {
    "readonly": 1,
    "max_execution_time": 20,
    "max_memory_usage": 1_000_000_000,
    "max_result_rows": 200_000,
}


def main() -> int:
    cli = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cli.add_argument("--kafka-host", default="kafka", help="the name by which Kafka tells its clients to call it")
    args = cli.parse_args()
    if FOLDER.exists():
        print(f"{FOLDER} is there and stays as it is; move it away to begin anew")
        return 0
    make(FOLDER, kafka_host=args.kafka_host)
    print(f"made {FOLDER}; keep a copy of it, and let nobody else read it")
    return 0


def make(folder: Path, *, kafka_host: str = "kafka") -> None:
    """All files. The directory is ours alone (0700); a container's own user must be able to read what is mounted."""
    folder.mkdir(mode=0o700)
    make_authority(folder)
    make_certificate(folder, "kafka", "vedette-broker", hosts=("127.0.0.1", "localhost", "kafka", kafka_host))
    make_certificate(folder, "clickhouse", "clickhouse", hosts=("127.0.0.1", "localhost", "clickhouse"))
    passwords = {name: secrets.token_urlsafe(24) for name in ("kafka_password", *GRANTS)}
    for name, password in passwords.items():
        (folder / name).write_text(password + "\n")
    settings = properties(
        bind="0.0.0.0",  # noqa: S104 (inside a container; what the host publishes is the compose file's business)
        host=kafka_host,
        port=9092,
        secure=True,
        data=Path("/var/lib/kafka/data"),
        secrets=MOUNTED,
    )
    (folder / "kafka.properties").write_text(settings)
    (folder / "kafka_format").write_text("\n".join(first_user(passwords["kafka_password"])))
    (folder / "kafka_client.properties").write_text(as_the_node(MOUNTED))
    (folder / "clickhouse_users.xml").write_text(users_xml({name: passwords[name] for name in GRANTS}))
    for file in folder.iterdir():
        file.chmod(0o600 if file.name == "ca.key" else 0o644)


def users_xml(passwords: Mapping[str, str]) -> str:
    """users.d/vedette.xml of a ClickHouse server: our users, their rights and bounds, and digests of their passwords.

    The server's own user `default` is left to whoever stands inside the server's machine or container.
    """
    inside = "".join(f"<ip>{address}</ip>" for address in ("127.0.0.1", "::1"))
    users = [f'<default><networks replace="replace">{inside}</networks></default>']
    for name, password in passwords.items():
        grants = "".join(f"<query>{grant}</query>" for grant in GRANTS[name])
        profile = "vedette_reader" if name == "vedette_reader" else "default"
        users.append(
            f"<{name}><password_sha256_hex>{hashlib.sha256(password.encode()).hexdigest()}</password_sha256_hex>"
            f"<networks><ip>::/0</ip></networks><profile>{profile}</profile><quota>default</quota>"
            f"<grants>{grants}</grants></{name}>"
        )
    bounds = "".join(f"<{name}>{value}</{name}>" for name, value in READER.items())
    profiles = f"<profiles><vedette_reader>{bounds}</vedette_reader></profiles>"
    return f"<clickhouse>{profiles}<users>{''.join(users)}</users></clickhouse>\n"


if __name__ == "__main__":
    sys.exit(main())
