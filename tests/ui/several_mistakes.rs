//! Nothing is said of what the program does with a source that could not be made.

use rest_source::rest_source;

#[rest_source("./several_mistakes.yaml")]
mod shop {}

struct Ledger {
    shop: shop::Source,
    open: Vec<shop::Orders>,
}

impl std::fmt::Display for shop::Orders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.id, self.total)
    }
}

async fn fill() -> rest_source::Result<Ledger> {
    let secrets = shop::Secrets { token: "token".into() };
    let shop = shop::Source::builder().secrets(secrets).build()?;
    let mut orders = shop.orders().stream();
    let mut open = Vec::new();
    while let Some(order) = orders.next().await? {
        if order.paid_at.is_none() {
            open.push(order);
        }
    }
    Ok(Ledger { shop, open })
}

fn main() {
    let _ = fill();
}
