#[rest_source::rest_source("./unknown_paginator.yaml")]
mod shop {}

fn main() {}
