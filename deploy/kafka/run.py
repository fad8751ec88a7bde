"""Apache Kafka from its Maven jars, without Docker: fetch, start and grant. Needs Java 17 or newer, mvn and openssl.

    python3 deploy/kafka/run.py start DIR                 PLAINTEXT on 127.0.0.1:9092
    python3 deploy/kafka/run.py start DIR --secure        SASL_SSL on 9092 and mutual TLS on 9093
    python3 deploy/kafka/run.py grant DIR                 in the secure variant, once: the rights of user vedette

`start` becomes the broker: it ends with Ctrl-C or SIGTERM, and starts again on the same DIR with what was in it.
KAFKA_JAVA_OPTIONS, by default -Xmx1g, are the broker's options of Java.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import ipaddress
import os
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

HERE = Path(__file__).resolve().parent
#: What the broker logs: its start and stop, and what goes wrong.
LOGGING = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
)
#: Days that the certificates made here are valid.
CA_DAYS, CERTIFICATE_DAYS = 3650, 825
USER = "vedette"
#: The least that user vedette needs: to make, read and write our topics, and to be in our two groups.
RIGHTS = (
    "--producer",
    "--consumer",
    "--topic",
    "vedette.",
    "--group",
    "vedette-",
    "--resource-pattern-type",
    "prefixed",
)


def main() -> int:
    args = _arguments()
    home: Path = args.dir.resolve()
    if args.action == "start":
        start(home, host=args.host, port=args.port, secure=args.secure)
    return grant(home)


def _arguments() -> argparse.Namespace:
    cli = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = cli.add_subparsers(dest="action", required=True)
    started = actions.add_parser("start", help="run the broker until SIGTERM")
    started.add_argument("--host", default="127.0.0.1", help="address it listens on and gives to clients")
    started.add_argument("--port", type=int, default=9092, help="the first of up to three ports (default 9092)")
    started.add_argument("--secure", action="store_true", help="SASL_SSL on PORT, mutual TLS on PORT + 1")
    granted = actions.add_parser("grant", help="give user vedette its rights on a secure broker that runs")
    for parser in (started, granted):
        parser.add_argument("dir", type=Path, metavar="DIR", help="where its data, settings and secrets are")
    args = cli.parse_args()
    if args.action == "start" and not args.secure and args.host not in ("127.0.0.1", "localhost"):
        cli.error(f"--host {args.host} without --secure would let everybody in; add --secure")
    return args


def start(home: Path, *, host: str, port: int, secure: bool) -> NoReturn:
    """Fetch what is missing, write DIR/server.properties, format DIR/data once, then become the broker."""
    os.umask(0o077)
    home.mkdir(parents=True, exist_ok=True)
    libs = jars()
    if secure:
        make_secrets(home / "secrets", host)
    settings = home / "server.properties"
    text = properties(bind=host, host=host, port=port, secure=secure, data=home / "data", secrets=home / "secrets")
    settings.write_text(text, encoding="utf-8")
    if not (home / "data/meta.properties").exists():
        format_storage(home, settings, libs, secure=secure)
    options = shlex.split(os.environ.get("KAFKA_JAVA_OPTIONS", "-Xmx1g"))
    os.execvp("java", _java(libs, *options, *LOGGING, "kafka.Kafka", str(settings)))  # noqa: S606, S607 (java of PATH)


def properties(*, bind: str, host: str, port: int, secure: bool, data: Path, secrets: Path) -> str:
    """The broker's settings: the common file and that of its listeners, with addresses and directories filled in.

    It listens on the address `bind`, tells clients that it is called `host`, and uses `port` and the two above it.
    """
    names = ("server.properties", f"listeners-{'secure' if secure else 'plain'}.properties")
    text = "\n".join((HERE / name).read_text(encoding="utf-8") for name in names)
    filled = {"BIND": bind, "HOST": host, "PORT": port, "MTLS": port + 1, "CONTROLLER": port + 2}
    for name, value in (filled | {"DATA": data, "SECRETS": secrets}).items():
        text = text.replace(f"@{name}@", str(value))
    return text


def format_storage(home: Path, settings: Path, libs: Path, *, secure: bool) -> None:
    """An empty data directory with a cluster id, and in the secure variant the user and its password."""
    cluster = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
    # one word, with "=": an id may begin with a dash and would be taken for an option
    words = ["format", f"--cluster-id={cluster}", "--config", str(settings), "--standalone"]
    if secure:
        words += first_user((home / f"secrets/{USER}.password").read_text(encoding="utf-8"))
    with tempfile.NamedTemporaryFile("w", suffix=".arguments", dir=home) as file:
        file.write("\n".join(words))  # a file: everybody on the machine can read the words of a process
        file.flush()
        _run(_java(libs, *LOGGING, "kafka.tools.StorageTool", f"@{file.name}"), "Kafka could not format its storage")


def first_user(password: str) -> list[str]:
    """The words of the formatting by which user vedette is there from the first start."""
    return ["--add-scram", f"SCRAM-SHA-512=[name={USER},password={password.strip()}]"]


def grant(home: Path) -> int:
    """As the node itself, let user vedette, by password or certificate, do what Vedette does; can be repeated."""
    settings = _settings(home)
    if "MTLS://" not in settings["listeners"]:
        raise SystemExit(f"the broker in {home} has no users; `start --secure` makes one that has")
    address = settings["listeners"].split("MTLS://")[1].split(",")[0]
    with tempfile.NamedTemporaryFile("w", suffix=".properties", dir=home) as file:
        file.write(as_the_node(home / "secrets"))
        file.flush()
        words = rights(address, Path(file.name))
        _run(_java(jars(), "org.apache.kafka.tools.AclCommand", *words), f"Kafka at {address} gave no rights")
    print(f"user {USER} may use the topics {RIGHTS[3]}* and the groups {RIGHTS[5]}* at {address}")
    return 0


def as_the_node(secrets: Path) -> str:
    """Settings of a client that has the node's own certificate, and so all rights."""
    stores = {"keystore": "kafka.pem", "truststore": "ca.pem"}
    lines = [f"ssl.{store}.type=PEM\nssl.{store}.location={secrets / file}\n" for store, file in stores.items()]
    return "security.protocol=SSL\n" + "".join(lines)


def rights(address: str, client: Path) -> list[str]:
    """The words of kafka-acls that give user vedette its rights, by either of its names."""
    words = ["--bootstrap-server", address, "--command-config", str(client), "--add", *RIGHTS]
    for principal in (f"User:{USER}", f"User:CN={USER}"):
        words += ["--allow-principal", principal]
    return words


def _settings(home: Path) -> dict[str, str]:
    try:
        lines = (home / "server.properties").read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise SystemExit(f"no broker was started in {home} ({error.strerror}); `start` it first") from error
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def jars() -> Path:
    """The directory with the jars of pom.xml, fetched by mvn at first use and compared with jars.sha256."""
    pinned = (HERE / "jars.sha256").read_text(encoding="ascii")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vedette"
    libs = cache / f"apache-kafka-{hashlib.sha256(pinned.encode()).hexdigest()[:12]}"
    if libs.is_dir():
        return libs
    cache.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=cache))
    try:
        copy = ("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={draft}")
        _run(["mvn", "-q", "-B", "-C", "-f", str(HERE / "pom.xml"), *copy], "Maven could not fetch Apache Kafka")
        if wrong := _differing(pinned, draft):
            raise SystemExit(f"Maven brought other files than jars.sha256 names: {', '.join(wrong)}; do not run them")
        os.replace(draft, libs)
    except OSError:
        if not libs.is_dir():  # another process was first
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return libs


def _differing(pinned: str, folder: Path) -> list[str]:
    """Names of files that are missing, surplus or not what they should be."""
    wanted = {name: digest for digest, name in (line.split() for line in pinned.splitlines())}
    have = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}
    return sorted(name for name in wanted.keys() | have.keys() if wanted.get(name) != have.get(name))


def make_secrets(folder: Path, host: str) -> None:
    """A certificate authority, certificates of the node and of user vedette, and its password; what is there stays."""
    if (folder / f"{USER}.password").exists():
        return
    folder.mkdir(exist_ok=True, mode=0o700)
    make_authority(folder)
    make_certificate(folder, "kafka", f"{USER}-broker", hosts=("127.0.0.1", "localhost", host))
    make_certificate(folder, USER, USER)
    (folder / f"{USER}.password").write_text(secrets.token_urlsafe(24) + "\n")


def make_authority(folder: Path) -> None:
    """ca.key and ca.pem, by which everything else in `folder` is signed."""
    (folder / "openssl.cnf").write_text(
        "[req]\ndistinguished_name = name\n[name]\n"
    )  # none of the system's own defaults
    extensions = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign")
    _certify(folder, "ca", "Vedette CA", CA_DAYS, extensions)


def make_certificate(folder: Path, name: str, common_name: str, *, hosts: Sequence[str] = ()) -> None:
    """NAME.key, and NAME.pem with key and chain in the order in which Kafka takes them.

    With `hosts`, the names under which clients may know it, it is a server's and a client's; else a client's alone.
    """
    usage = "serverAuth,clientAuth" if hosts else "clientAuth"
    extensions = ["basicConstraints=CA:FALSE", "keyUsage=critical,digitalSignature", f"extendedKeyUsage={usage}"]
    extensions.append("authorityKeyIdentifier=keyid")
    if hosts:
        names = (f"{'IP' if _is_address(host) else 'DNS'}:{host}" for host in dict.fromkeys(hosts))
        extensions.append(f"subjectAltName={','.join(names)}")
    _certify(folder, name, common_name, CERTIFICATE_DAYS, extensions, by="ca")
    parts = (f"{name}.key", f"{name}.pem", "ca.pem")
    (folder / f"{name}.pem").write_text("".join((folder / part).read_text() for part in parts))


def _certify(folder: Path, name: str, common_name: str, days: int, extensions: Sequence[str], *, by: str = "") -> None:
    """NAME.key and NAME.pem in `folder`, signed with the key of `by`, else with its own."""
    words = ["openssl", "req", "-x509", "-config", "openssl.cnf", "-newkey", "ec", "-pkeyopt"]
    words += ["ec_paramgen_curve:prime256v1", "-nodes", "-days", str(days), "-subj", f"/CN={common_name}"]
    words += ["-keyout", f"{name}.key", "-out", f"{name}.pem"]
    for extension in ("subjectKeyIdentifier=hash", *extensions):
        words += ["-addext", extension]
    if by:
        words += ["-CA", f"{by}.pem", "-CAkey", f"{by}.key"]
    _run(words, f"openssl made no certificate {name}", folder)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _java(libs: Path, *words: str) -> list[str]:
    return ["java", "-cp", f"{libs}/*", *words]


def _run(command: Sequence[str], failure: str, folder: Path | None = None) -> None:
    """Run to the end; SystemExit with `failure` and the program's own last words when it does not end well."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise SystemExit(f"{failure}: {command[0]} is not installed") from error
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines()[-5:]
        raise SystemExit(f"{failure}: {' '.join(words) or f'exit {done.returncode}'}")


if __name__ == "__main__":
    sys.exit(main())
