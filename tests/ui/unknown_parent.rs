#[rest_source::rest_source("./unknown_parent.yaml")]
mod blog {}

fn main() {}
