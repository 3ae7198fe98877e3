//! The body of a response, as a stream.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::StreamExt as _;
use http::{HeaderMap, header};

use super::{TransportError, TransportErrorKind};

/// The most memory set aside on the word of a `Content-Length`.
const RESERVE: usize = 1 << 20;

/// The body of a response: a stream of its bytes, decompressed. An error ends it.
pub struct Body(Kind);

enum Kind {
    Whole(Option<Bytes>),
    Stream(Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>> + Send>>),
}

impl Body {
    /// A body without bytes.
    pub const fn empty() -> Self {
        Self(Kind::Whole(None))
    }

    /// A body whose bytes arrive one chunk after another.
    pub fn from_stream(
        chunks: impl Stream<Item = Result<Bytes, TransportError>> + Send + 'static,
    ) -> Self {
        Self(Kind::Stream(Box::pin(chunks)))
    }

    /// Reads the body to its end, of at most this many bytes. The memory is that of the bytes that came,
    /// whatever the headers announce.
    ///
    /// # Errors
    ///
    /// When the body is longer, or breaks off.
    pub async fn read(mut self, headers: &HeaderMap, most: u64) -> Result<Vec<u8>, TransportError> {
        let announced = announced(headers);
        if announced > most {
            return Err(too_large(most));
        }
        let limit = usize::try_from(most).unwrap_or(usize::MAX);
        if let Kind::Whole(bytes) = &mut self.0 {
            let bytes = bytes.take().unwrap_or_default();
            return if bytes.len() > limit {
                Err(too_large(most))
            } else {
                Ok(bytes.into())
            };
        }
        let mut body = Vec::with_capacity(usize::try_from(announced).unwrap_or(0).min(RESERVE));
        while let Some(chunk) = self.next().await {
            let chunk = chunk?;
            if chunk.len() > limit - body.len() {
                return Err(too_large(most));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// The length that the headers announce, of a body that needs no decompression.
fn announced(headers: &HeaderMap) -> u64 {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return 0;
    }
    let length = headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    length.unwrap_or(0)
}

impl<B: Into<Bytes>> From<B> for Body {
    fn from(bytes: B) -> Self {
        Self(Kind::Whole(Some(bytes.into())))
    }
}

impl Stream for Body {
    type Item = Result<Bytes, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match &mut self.0 {
            Kind::Whole(bytes) => Poll::Ready(bytes.take().map(Ok)),
            Kind::Stream(chunks) => chunks.as_mut().poll_next(cx),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Whole(bytes) => {
                write!(f, "Body({} bytes)", bytes.as_ref().map_or(0, Bytes::len))
            }
            Kind::Stream(_) => f.write_str("Body(stream)"),
        }
    }
}

pub(super) fn too_large(most: u64) -> TransportError {
    let message = format!(
        "the response is longer than {} (`max_response_bytes`)",
        size(most)
    );
    TransportError::new(TransportErrorKind::TooLarge, message)
}

/// A size as a spec writes it.
fn size(bytes: u64) -> String {
    let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let whole = units
        .iter()
        .find(|(_, unit)| bytes > 0 && bytes.is_multiple_of(*unit));
    match whole {
        Some((name, unit)) => format!("{} {name}", bytes / unit),
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    #[tokio::test]
    async fn a_body_without_end_is_read_to_its_limit_and_no_further() {
        let pulled = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&pulled);
        let endless = futures_util::stream::repeat_with(move || {
            counter.fetch_add(1, Ordering::Relaxed);
            Ok(Bytes::from_static(&[b' '; 1024]))
        });
        let body = Body::from_stream(endless);
        let error = body.read(&HeaderMap::new(), 10 << 10).await.unwrap_err();
        assert_eq!(error.kind, TransportErrorKind::TooLarge);
        assert_eq!(pulled.load(Ordering::Relaxed), 11);
    }

    #[tokio::test]
    async fn a_body_that_is_announced_too_long_is_not_read() {
        let headers = [(header::CONTENT_LENGTH, 11.into())];
        let headers = headers.into_iter().collect();
        let never = Body::from_stream(futures_util::stream::pending());
        let error = never.read(&headers, 10).await.unwrap_err();
        assert_eq!(error.kind, TransportErrorKind::TooLarge);
    }

    #[tokio::test]
    async fn a_body_is_as_long_as_allowed_at_most() {
        let read = async |most| Body::from("0123456789").read(&HeaderMap::new(), most).await;
        assert_eq!(read(10).await.unwrap(), b"0123456789");
        assert!(read(9).await.is_err());
    }
}
