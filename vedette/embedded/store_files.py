"""What the embedded ClickHouse finds in its directory: its settings, its users with their rights, their passwords."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final
from xml.sax.saxutils import escape

from domain.errors import StoreUnavailable

#: The users of StoreSettings, each called vedette_ROLE, and a fourth that only stops the server.
ROLES: Final = ("migrator", "writer", "reader")
STOPPER: Final = "vedette_stopper"

#: Pools and caches for one small machine: 0.3 GB and half a percent of a core when nothing happens. No system log is
#: switched on. Memory is looked at once a second, not twenty times; a table without work is asked for some after a
#: second, not a tenth of one, as what is inserted asks by itself.
_CONFIG = """<clickhouse>
  <listen_host>127.0.0.1</listen_host>
  <http_port>{port}</http_port>
  <users_config>{home}/users.xml</users_config>
  <user_files_path>{home}/user_files/</user_files_path>
  <backups><allowed_path>{home}/backups/</allowed_path></backups>
  <mark_cache_size>67108864</mark_cache_size>
  <index_mark_cache_size>16777216</index_mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <background_pool_size>2</background_pool_size>
  <background_schedule_pool_size>8</background_schedule_pool_size>
  <background_common_pool_size>2</background_common_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <background_buffer_flush_schedule_pool_size>1</background_buffer_flush_schedule_pool_size>
  <background_message_broker_schedule_pool_size>1</background_message_broker_schedule_pool_size>
  <background_distributed_schedule_pool_size>1</background_distributed_schedule_pool_size>
  <background_processing_pool_thread_sleep_seconds_if_nothing_to_do>1</background_processing_pool_thread_sleep_seconds_if_nothing_to_do>
  <memory_worker_period_ms>1000</memory_worker_period_ms>
  <asynchronous_metrics_update_period_s>60</asynchronous_metrics_update_period_s>
  <merge_tree><non_replicated_deduplication_window>1000</non_replicated_deduplication_window>
    <min_bytes_for_full_part_storage>16777216</min_bytes_for_full_part_storage>
    <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
  </merge_tree>
</clickhouse>
"""
#: Most statements are small: threads of their own to read and write rows, and a file for each answer, were a third of
#: what one costs.
_SMALL = (
    "<max_threads>2</max_threads><input_format_parallel_parsing>0</input_format_parallel_parsing>"
    "<output_format_parallel_formatting>0</output_format_parallel_formatting>"
    "<http_response_buffer_size>1000000</http_response_buffer_size>"
)
_PROFILES = f"""<profiles>
    <default><async_insert>0</async_insert>{_SMALL}</default>
    <reader><readonly>1</readonly><max_execution_time>20</max_execution_time><max_memory_usage>1000000000</max_memory_usage>
      <max_result_rows>200000</max_result_rows>{_SMALL}</reader>
  </profiles>"""
_RIGHTS = {
    "migrator": (
        "GRANT ALL ON {db}.*",
        "GRANT TABLE ENGINE ON *",
        "GRANT CREATE DATABASE ON *.*",
        "GRANT SELECT ON system.*",
    ),
    "writer": ("GRANT SELECT, INSERT ON {db}.*",),
    "reader": ("GRANT SELECT ON {db}.*",),
}
#: The engine starts as `default`, a user that can have no password. It may open the port and hold it open; those two
#: statements use up its quota until 2038 (longer spans the engine does not take), so that whoever comes as `default`
#: later is refused: without this every program on the machine could close the port.
_QUOTAS = """<quotas><default/>
    <starter><interval><duration>2147483647</duration><queries>2</queries></interval></starter></quotas>"""
_STARTER = (
    "<default><no_password/><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>starter</quota><grants>"
    "<query>GRANT SYSTEM LISTEN ON *.*</query><query>GRANT SELECT ON system.numbers</query></grants></default>"
)
_STOPS = ("GRANT KILL QUERY ON *.*", "GRANT SELECT ON system.processes")
#: Seconds that a server whose parent was killed has to end, before we say that it is in the way.
_PATIENCE = 10.0


def own(home: Path) -> IO[str]:
    """Make the directory (0700) and keep other servers out of it while the file that is returned stays open.

    StoreUnavailable when another one does not leave it within 10 s.
    """
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)
    file = open(home / "server.lock", "a", encoding="utf-8")  # noqa: SIM115 (held until the process ends)
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                file.close()
                raise StoreUnavailable(f"another store runs in {home}; stop it or choose another directory") from error
            time.sleep(0.02)
        else:
            return file


def prepare(home: Path, *, port: int, databases: Sequence[str]) -> str:
    """Passwords (0600), settings and users in a directory that we own; the password of STOPPER, which no file keeps."""
    for part in ("user_files", "backups", "secrets"):
        (home / part).mkdir(exist_ok=True, mode=0o700)
    stopper = secrets.token_urlsafe(24)
    users = [_STARTER, _user(STOPPER, stopper, "default", _STOPS)]
    for role in ROLES:
        grants = [right.format(db=db) for right in _RIGHTS[role] for db in databases]
        profile = "reader" if role == "reader" else "default"
        users.append(_user(f"vedette_{role}", _secret(home / f"secrets/{role}"), profile, list(dict.fromkeys(grants))))
    _write(
        home / "users.xml",
        f"<clickhouse>{_PROFILES}{_QUOTAS}<users>{''.join(users)}</users></clickhouse>",
    )
    _write(home / "clickhouse-local.xml", _CONFIG.format(port=port, home=escape(str(home))))
    return stopper


def credentials(name: str, password: str) -> str:
    """The value of an Authorization header."""
    return f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"


def _secret(path: Path) -> str:
    """The password in `path`, made at first use."""
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(24))
    return path.read_text().strip()


def _user(name: str, password: str, profile: str, grants: Sequence[str]) -> str:
    digest = hashlib.sha256(password.encode()).hexdigest()
    rights = "".join(f"<query>{grant}</query>" for grant in grants)
    return (
        f"<{name}><password_sha256_hex>{digest}</password_sha256_hex><networks><ip>127.0.0.1</ip></networks>"
        f"<profile>{profile}</profile><quota>default</quota><grants>{rights}</grants></{name}>"
    )


def _write(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
