#[rest_source::rest_source("./specs/shop.yaml")]
struct Shop;

fn main() {}
