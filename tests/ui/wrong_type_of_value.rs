#[rest_source::rest_source("./wrong_type_of_value.yaml")]
mod shop {}

fn main() {}
