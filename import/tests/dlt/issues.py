"""Issues of a tracker."""
from typing import Any, Optional

import dlt
import pendulum
from dlt.common.pendulum import pendulum
from dlt.sources.helpers.rest_client.auth import BearerTokenAuth
from dlt.sources.helpers.rest_client.paginators import JSONLinkPaginator
from dlt.sources.rest_api import RESTAPIConfig, rest_api_resources

API = "https://tracker.example.com"
VERSION = 2
COMMON = {"Accept": "application/json", "X-Client": f"loader/{VERSION}"}
LIST = dict(per_page=100, archived=True)


@dlt.source(name="tracker")
def tracker_source(
    access_token: Optional[str] = dlt.secrets.value,
    workspace: str = dlt.config.value,
) -> Any:
    config: RESTAPIConfig = {
        "client": {
            "base_url": f"{API}/v{VERSION}/",
            # A token of the user.
            "auth": BearerTokenAuth(token=access_token),
            "headers": {**COMMON, "X-Workspace": workspace},
        },
        "resource_defaults": {
            "primary_key": "id",
            "write_disposition": "merge",
            "endpoint": {"params": {"per_page": 100}, "paginator": "header_link"},
        },
        "resources": [
            {
                "name": "issues",
                "endpoint": {
                    "path": "projects/{project}/issues",
                    "params": {
                        "project": dlt.config["tracker.project"],
                        "sort": "updated",
                        "closed": False,
                        "assignee": None,
                        "since": {
                            "type": "incremental",
                            "cursor_path": "updated_at",
                            "initial_value": "2024-01-25T11:21:28Z",
                            "convert": lambda at: at.replace("T", " "),
                        },
                    },
                    "data_selector": "$.items",
                    "paginator": JSONLinkPaginator(next_url_path="paging.next"),
                    "response_actions": [
                        {"status_code": 404, "action": "ignore"},
                        {"content": "gone", "action": print},
                    ],
                },
                "columns": {"id": {"data_type": "bigint"}, "labels": {"data_type": "complex"}},
            },
            {
                "name": "issue-comments",
                "endpoint": {
                    "path": "issues/{issue_id}/comments",
                    "params": {"issue_id": {"type": "resolve", "resource": "issues", "field": "id"}},
                },
                "include_from_parent": ["title"],
            },
            {
                "name": "authors",
                "primary_key": "login",
                "processing_steps": [
                    {"filter": lambda row: row["id"] > 0},
                    {"map": lambda row: {**row, "seen": True}},
                ],
                "endpoint": "issues/{resources.issues.number}/authors/{resources.issues.author.login}",
            },
            {
                "name": "labels",
                "table_name": "all_labels",
                "max_table_nesting": 1,
                "primary_key": ["name", "scope"],
                "write_disposition": {"disposition": "merge", "strategy": "scd2"},
                "endpoint": {
                    "path": "labels/search",
                    "method": "POST",
                    "json": {"query": {"text": "*", "tags": ["a", "b"]}, "password": "hunter2hunter2"},
                    "paginator": {"type": "cursor", "cursor_path": "next", "cursor_body_path": "cursor"},
                    "incremental": {
                        "cursor_path": "version",
                        "start_param": "from_version",
                        "initial_value": 1_000,
                        "lag": 10,
                    },
                },
            },
            {"name": "reports", "endpoint": {"path": reports_path(), "paginator": "auto"}},
            {"name": "days", "endpoint": {"path": "days", "params": {"until": pendulum.now()}, "paginator": "auto"}},
            "members",
            custom_resource(),
        ],
    }
    config["resources"].append("extras")
    yield from rest_api_resources(config)
