"""The benchmark's API as a source of dlt."""

from dlt.sources.rest_api import rest_api_source


def events(base_url, page):
    return rest_api_source(
        {
            "client": {"base_url": base_url},
            "resources": [
                {
                    "name": "events",
                    "primary_key": "id",
                    "write_disposition": "merge",
                    "endpoint": {
                        "path": "events",
                        "data_selector": "data",
                        "paginator": {"type": "offset", "limit": page, "total_path": "total"},
                    },
                }
            ],
        }
    )
