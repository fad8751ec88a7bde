"""The topics: raw records come in by several doors, activities go from ingest to detect."""

from __future__ import annotations

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, for_code

from domain.errors import BrokerUnavailable
from transport.security import arguments
from transport.settings import KafkaSettings

RAW = "vedette.raw"
RAW_HTTP = "vedette.raw.http"  # written by the api role alone: its tenant header is trusted
RAW_IMPORT = "vedette.raw.import"  # written by `vedette import` alone: the same
RAW_SALESFORCE = "vedette.raw.salesforce"
ACTIVITY = "vedette.activity"

RAW_TOPICS = (RAW, RAW_HTTP, RAW_IMPORT, RAW_SALESFORCE)
_EXISTS = 36


async def ensure(settings: KafkaSettings) -> list[str]:
    """Create the topics that are missing; their names. Raises BrokerUnavailable."""
    admin = AIOKafkaAdminClient(**arguments(settings), request_timeout_ms=10_000)
    try:
        await admin.start()
        known = set(await admin.list_topics())
        wanted = {name: settings.raw_partitions for name in RAW_TOPICS} | {ACTIVITY: settings.activity_partitions}
        missing = [NewTopic(n, p, settings.replication) for n, p in wanted.items() if n not in known]
        if missing:
            answer = await admin.create_topics(missing)
            for name, code, *_ in answer.topic_errors:  # the admin client does not raise
                if code not in (0, _EXISTS):
                    raise BrokerUnavailable(f"topic {name} could not be created: {for_code(code).__name__}")
        return [topic.name for topic in missing]
    except (KafkaError, OSError) as error:
        raise BrokerUnavailable(
            f"Kafka at {settings.bootstrap} did not answer ({error}); check kafka.bootstrap and its security settings"
        ) from error
    finally:
        await admin.close()
