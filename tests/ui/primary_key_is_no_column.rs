#[rest_source::rest_source("./primary_key_is_no_column.yaml")]
mod shop {}

fn main() {}
