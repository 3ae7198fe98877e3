"""A tap of the Singer SDK: writes its messages, and counts the records.
`singer_tap.py BASE_URL PAGE CONCURRENCY`."""

import contextlib
import io
import sys

import cost
from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.pagination import BaseOffsetPaginator

BASE_URL, PAGE = sys.argv[1], int(sys.argv[2])


class Offsets(BaseOffsetPaginator):
    def has_more(self, response):
        return self.get_next(response) < response.json()["total"]


class Events(RESTStream):
    name = "events"
    path = "/events"
    url_base = BASE_URL
    primary_keys = ("id",)
    records_jsonpath = "$.data[*]"
    schema = th.PropertiesList(
        th.Property("id", th.StringType),
        th.Property("name", th.StringType),
        th.Property("message", th.StringType),
        th.Property("created_at", th.DateTimeType),
        th.Property("updated_at", th.DateTimeType),
        th.Property("value", th.IntegerType),
        th.Property("score", th.NumberType),
        th.Property("active", th.BooleanType),
        th.Property("note", th.StringType),
        th.Property("parent_id", th.StringType),
        th.Property("amount", th.NumberType),
        th.Property(
            "owner",
            th.ObjectType(
                th.Property("id", th.StringType),
                th.Property("handle", th.StringType),
                th.Property("followers", th.IntegerType),
            ),
        ),
    ).to_dict()

    def get_new_paginator(self):
        return Offsets(0, PAGE)

    def get_url_params(self, context, next_page_token):
        return {"offset": next_page_token or 0, "limit": PAGE}


class Events_(Tap):
    name = "tap-events"
    config_jsonschema = th.PropertiesList().to_dict()

    def discover_streams(self):
        return [Events(self)]


class Counter(io.TextIOBase):
    """Counts the messages of records, and keeps none of them."""

    records = 0

    def write(self, text):
        Counter.records += text.count('"type":"RECORD"') + text.count('"type": "RECORD"')
        return len(text)


with contextlib.redirect_stdout(Counter()):
    Events_(config={}).sync_all()
cost.say(Counter.records)
