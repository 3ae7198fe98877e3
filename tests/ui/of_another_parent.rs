#[rest_source::rest_source("../specs/blog.yaml")]
mod blog {}

async fn replies_of_a_post(blog: blog::Source, post: blog::Posts) {
    let _ = blog.replies().of(&post).all().await;
}

async fn posts_of_a_post(blog: blog::Source, post: blog::Posts) {
    let _ = blog.posts().of(&post).all().await;
}

fn main() {}
