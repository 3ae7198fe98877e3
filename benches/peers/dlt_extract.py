"""dlt: extracts the records into its files. `dlt_extract.py BASE_URL PAGE CONCURRENCY`; the concurrency is dlt's own."""

import sys
import tempfile

import cost
import dlt
from dlt_source import events

with tempfile.TemporaryDirectory() as folder:
    pipeline = dlt.pipeline("events", pipelines_dir=folder)
    pipeline.extract(events(sys.argv[1], int(sys.argv[2])))
    steps = pipeline.last_trace.last_extract_info.metrics.values()
    tables = [one["table_metrics"] for step in steps for one in step]
cost.say(sum(table["events"].items_count for table in tables if "events" in table))
