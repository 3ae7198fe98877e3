#[rest_source::rest_source("./unknown_auth.yaml")]
mod shop {}

fn main() {}
