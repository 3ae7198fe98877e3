#[rest_source::rest_source("./unknown_key.yaml")]
mod shop {}

fn main() {}
