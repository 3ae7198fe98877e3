#[rest_source::rest_source("./missing_required_key.yaml")]
mod shop {}

fn main() {}
