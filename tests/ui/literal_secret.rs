#[rest_source::rest_source("./literal_secret.yaml")]
mod shop {}

fn main() {}
