#[rest_source::rest_source("./duplicate_key.yaml")]
mod shop {}

fn main() {}
