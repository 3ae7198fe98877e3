"""A low-code manifest in Airbyte's CDK: reads the stream, and counts the messages of records.
`airbyte_read.py BASE_URL PAGE CONCURRENCY`."""

import logging
import sys

import cost
from airbyte_cdk.models import (
    AirbyteStream,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    SyncMode,
    Type,
)
from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource

BASE_URL, PAGE = sys.argv[1], int(sys.argv[2])

MANIFEST = {
    "version": "6.0.0",
    "type": "DeclarativeSource",
    "check": {"type": "CheckStream", "stream_names": ["events"]},
    "streams": [
        {
            "type": "DeclarativeStream",
            "name": "events",
            "primary_key": ["id"],
            "schema_loader": {
                "type": "InlineSchemaLoader",
                "schema": {"type": "object", "additionalProperties": True, "properties": {}},
            },
            "retriever": {
                "type": "SimpleRetriever",
                "requester": {
                    "type": "HttpRequester",
                    "url_base": BASE_URL,
                    "path": "events",
                    "http_method": "GET",
                },
                "record_selector": {
                    "type": "RecordSelector",
                    "extractor": {"type": "DpathExtractor", "field_path": ["data"]},
                },
                "paginator": {
                    "type": "DefaultPaginator",
                    "pagination_strategy": {
                        "type": "OffsetIncrement",
                        "page_size": PAGE,
                        "inject_on_first_request": True,
                    },
                    "page_token_option": {
                        "type": "RequestOption",
                        "inject_into": "request_parameter",
                        "field_name": "offset",
                    },
                    "page_size_option": {
                        "type": "RequestOption",
                        "inject_into": "request_parameter",
                        "field_name": "limit",
                    },
                },
            },
        }
    ],
    "spec": {"type": "Spec", "connection_specification": {"type": "object", "properties": {}}},
}

catalog = ConfiguredAirbyteCatalog(
    streams=[
        ConfiguredAirbyteStream(
            stream=AirbyteStream(
                name="events", json_schema={}, supported_sync_modes=[SyncMode.full_refresh]
            ),
            sync_mode=SyncMode.full_refresh,
            destination_sync_mode=DestinationSyncMode.append,
        )
    ]
)


source = ConcurrentDeclarativeSource(
    catalog=catalog, config={}, state=[], source_config=MANIFEST
)
messages = source.read(logging.getLogger("airbyte"), {}, catalog, [])
cost.say(sum(1 for message in messages if message.type == Type.RECORD))
