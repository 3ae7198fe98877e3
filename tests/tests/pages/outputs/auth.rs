//! Of `auth.md`.

use crate::{
    canned::{answer, source},
    shown::auth::shop,
};

pub(super) fn missing() -> String {
    shop::Source::from_env().unwrap_err().to_string()
}

pub(super) async fn origin() -> String {
    let secrets = shop::Secrets {
        token: "t0ken-of-the-shop".into(),
    };
    let shop: shop::Source = source(secrets, |_| {
        let link = "Link: <https://files.example.com/orders?page=2>; rel=\"next\"";
        answer(200, &[link], r#"[{"id": "o1"}]"#)
    });
    let mut orders = shop.orders().stream();
    assert_eq!(orders.next().await.unwrap().unwrap().id, "o1");
    orders.next().await.unwrap().unwrap_err().to_string()
}
