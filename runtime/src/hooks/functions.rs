//! The functions of a user that make pages, partitions and the meaning of responses.

use std::{
    any::Any,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
};

use futures_util::FutureExt as _;

use super::{BoxError, missing};
use crate::{
    Client, Error, ErrorKind, Json, Result, Scalar,
    actions::{Author, Verdict},
    future::BoxFuture,
    plan::PartitionType,
    shared::Text,
    transport::Response,
};

/// A function that makes the JSON of a page from a response (`extract`), in place of a decoder.
///
/// A spec names it by its path, and rustc checks its type:
///
/// ```yaml
/// endpoint: { path: report, extract: crate::lines }   # fn(&Response) -> Result<Vec<Json>, E>
/// ```
///
/// It returns [`Json`], `Vec<Json>` or a `Result` of one of these. Whatever it returns is read as the body of a JSON
/// API: `data_selector` finds the records in it, a paginator its cursor or link, and the columns check each record.
///
/// ```
/// use rest_source::{Json, transport::Response};
///
/// /// Lines of `key=value`.
/// fn lines(response: &Response) -> Result<Vec<Json>, std::str::Utf8Error> {
///     let pairs = std::str::from_utf8(&response.body)?.lines();
///     let pairs = pairs.filter_map(|line| line.split_once('='));
///     Ok(pairs.map(|(key, value)| serde_json::json!({ "key": key, "value": value })).collect())
/// }
/// ```
#[derive(Clone, Copy)]
pub struct ExtractHook(fn(&Response) -> Result<Json, BoxError>);

/// A function that decides what a response means (`on_response`), before the rules of the spec.
///
/// ```yaml
/// endpoint: { path: orders, on_response: crate::meaning }   # fn(&Response) -> Option<Verdict>
/// ```
///
/// It returns a [`Verdict`], an `Option` of one, or a `Result` of one of these. After `None`, `response_actions`, the
/// status and `retry` decide as without it. It is called once for each response, also for one that is retried. With a
/// decoder of rows, the body of a success is empty, unless its content type is JSON: it has not arrived yet.
#[derive(Clone, Copy)]
pub struct ResponseHook(fn(&Response) -> Result<Option<Verdict>, BoxError>);

/// A function that finds the values of a list of `partitions`, when a fetch begins.
///
/// ```yaml
/// partitions: { account: { rust: crate::accounts } }   # async fn(Client) -> Result<Vec<String>>
/// ```
///
/// It returns a `Vec` of `String`, of `i64` with `data_type: bigint`, or a `Result` of it. The [`Client`] is that of
/// the source: `Source::from_client` of the trait [`Connector`](crate::Connector) makes the generated source of it.
///
/// A fetch calls it once, before its first request. A value that it returns twice is fetched once. If it returns none,
/// there is nothing to fetch, and the report says so. It must not fetch the resource that it is for.
#[derive(Clone, Copy)]
pub struct PartitionsHook {
    data_type: PartitionType,
    find: fn(Client) -> BoxFuture<'static, Result<Vec<Scalar>, BoxError>>,
}

impl ExtractHook {
    /// This function: [`IntoPage`] converts its result.
    pub const fn of(function: fn(&Response) -> Result<Json, BoxError>) -> Self {
        Self(function)
    }
}

impl ResponseHook {
    /// This function: [`IntoVerdict`] converts its result.
    pub const fn of(function: fn(&Response) -> Result<Option<Verdict>, BoxError>) -> Self {
        Self(function)
    }
}

impl PartitionsHook {
    /// This function, for values of this type: [`IntoPartitions`] converts its result.
    pub const fn of(
        data_type: PartitionType,
        find: fn(Client) -> BoxFuture<'static, Result<Vec<Scalar>, BoxError>>,
    ) -> Self {
        Self { data_type, find }
    }
}

impl fmt::Debug for ExtractHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExtractHook")
    }
}

impl fmt::Debug for ResponseHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseHook")
    }
}

impl fmt::Debug for PartitionsHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PartitionsHook")
    }
}

/// A function of a plan, with its path.
#[derive(Clone)]
pub(crate) struct Named<H> {
    pub(super) path: Text,
    pub(super) hook: H,
}

impl<H> Named<H> {
    /// The result of a call, or its error or panic as an error of this crate.
    pub(super) fn outcome<T>(&self, called: thread::Result<Result<T, BoxError>>) -> Result<T> {
        match called {
            Ok(result) => result.map_err(|error| failed(&self.path, error)),
            Err(panic) => Err(panicked(&self.path, &*panic)),
        }
    }
}

impl Named<ExtractHook> {
    /// The page of a response.
    ///
    /// # Errors
    ///
    /// When the function fails.
    pub(crate) fn call(&self, response: &Response) -> Result<Json> {
        self.outcome(catch_unwind(AssertUnwindSafe(|| (self.hook.0)(response))))
    }
}

impl Named<ResponseHook> {
    /// What a response means; `None` if the function does not decide.
    ///
    /// # Errors
    ///
    /// When the function fails.
    pub(crate) fn call(&self, response: &Response) -> Result<Option<Verdict>> {
        let verdict = self.outcome(catch_unwind(AssertUnwindSafe(|| (self.hook.0)(response))))?;
        Ok(verdict.map(|verdict| Verdict {
            author: Author::Hook(self.path.to_string()),
            ..verdict
        }))
    }
}

impl Named<PartitionsHook> {
    /// The values of the list.
    ///
    /// # Errors
    ///
    /// When the function fails, or is for values of another type.
    pub(crate) async fn call(
        &self,
        client: &Client,
        data_type: PartitionType,
    ) -> Result<Vec<Scalar>> {
        if self.hook.data_type != data_type {
            return Err(missing(&self.path));
        }
        // The function itself may panic, and its future.
        let find = AssertUnwindSafe(async { (self.hook.find)(client.clone()).await });
        let found = self.outcome(find.catch_unwind().await);
        found.map_err(Error::without_position)
    }
}

/// The error of a function that panicked.
fn panicked(path: &str, panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    let message = match text {
        Some(text) => format!("`{path}` panicked: {text}"),
        None => format!("`{path}` panicked"),
    };
    Error::new(ErrorKind::Hook, message)
}

/// The error of a function that failed. An error of this crate keeps its kind.
fn failed(path: &str, error: BoxError) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => match error.resource() {
            Some(resource) => {
                let within = format!("in `{path}`, of `{resource}`");
                error.with_detail(within)
            }
            None => error.with_detail(format!("in `{path}`")),
        },
        Err(error) => {
            Error::new(ErrorKind::Hook, format!("`{path}` failed: {error}")).with_source(&*error)
        }
    }
}

/// The results of an `extract` function.
#[diagnostic::on_unimplemented(
    message = "an `extract` function cannot return `{Self}`",
    label = "the signature is `fn(&Response) -> Result<Vec<Json>, E>`",
    note = "it returns `Json`, `Vec<Json>`, or a `Result` of one of these whose error converts to a boxed error"
)]
pub trait IntoPage {
    /// The JSON of the page.
    ///
    /// # Errors
    ///
    /// When the function failed.
    fn into_page(self) -> Result<Json, BoxError>;
}

impl IntoPage for Json {
    fn into_page(self) -> Result<Json, BoxError> {
        Ok(self)
    }
}

impl IntoPage for Vec<Json> {
    fn into_page(self) -> Result<Json, BoxError> {
        Ok(Json::Array(self))
    }
}

impl<T: Into<Json>, E: Into<BoxError>> IntoPage for Result<T, E> {
    fn into_page(self) -> Result<Json, BoxError> {
        self.map(Into::into).map_err(Into::into)
    }
}

/// The results of an `on_response` function.
#[diagnostic::on_unimplemented(
    message = "an `on_response` function cannot return `{Self}`",
    label = "the signature is `fn(&Response) -> Option<Verdict>`",
    note = "it returns `Verdict`, `Option<Verdict>`, or a `Result` of one of these whose error converts to a boxed error"
)]
pub trait IntoVerdict {
    /// What the response means; `None` if the function does not decide.
    ///
    /// # Errors
    ///
    /// When the function failed.
    fn into_verdict(self) -> Result<Option<Verdict>, BoxError>;
}

impl IntoVerdict for Verdict {
    fn into_verdict(self) -> Result<Option<Verdict>, BoxError> {
        Ok(Some(self))
    }
}

impl IntoVerdict for Option<Verdict> {
    fn into_verdict(self) -> Result<Option<Verdict>, BoxError> {
        Ok(self)
    }
}

impl<T: Into<Option<Verdict>>, E: Into<BoxError>> IntoVerdict for Result<T, E> {
    fn into_verdict(self) -> Result<Option<Verdict>, BoxError> {
        self.map(Into::into).map_err(Into::into)
    }
}

/// The results of a function of `partitions`, whose values are of the type `T`.
#[diagnostic::on_unimplemented(
    message = "a function of `partitions` cannot return `{Self}`",
    label = "the signature is `async fn(Client) -> Result<Vec<{T}>, E>`",
    note = "it returns `Vec<{T}>`, or a `Result` of it whose error converts to a boxed error; `data_type: bigint` makes the values `i64`"
)]
pub trait IntoPartitions<T> {
    /// The values.
    ///
    /// # Errors
    ///
    /// When the function failed.
    fn into_partitions(self) -> Result<Vec<Scalar>, BoxError>;
}

impl<T: Into<Scalar>> IntoPartitions<T> for Vec<T> {
    fn into_partitions(self) -> Result<Vec<Scalar>, BoxError> {
        Ok(self.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Scalar>, E: Into<BoxError>> IntoPartitions<T> for Result<Vec<T>, E> {
    fn into_partitions(self) -> Result<Vec<Scalar>, BoxError> {
        self.map_err(Into::into)?.into_partitions()
    }
}
