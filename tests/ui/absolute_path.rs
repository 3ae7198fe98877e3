#[rest_source::rest_source("/home/me/specs/shop.yaml")]
mod shop {}

fn main() {}
