//! The type of futures in the methods of traits that are used as objects.

use std::{future::Future, pin::Pin};

/// A future on the heap, as a trait object's method returns it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
