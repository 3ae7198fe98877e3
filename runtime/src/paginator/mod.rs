//! How pages follow each other: one small trait, and a file for each kind.
//!
//! A paginator is plain data and pure functions. It holds nothing of a fetch: where a page is, is a
//! [`Position`], and what came of it are [`PageFacts`]; from the two it says what is [`Next`]. Who
//! asks when, how often, and how many at a time is the engine's affair, and so is the guard against
//! pages that go in circles.

mod cursor;
mod header_cursor;
mod header_link;
mod json_link;
mod link_header;
mod offset;
mod page_number;
mod single;
mod stated;

use std::sync::Arc;

use url::Url;

use crate::{
    Error, ErrorKind, Path, Result, Scalar,
    plan::{self, Pages, Slot},
    request,
    shared::Text,
    transport::Headers,
    tree::Tree,
};

pub(crate) use self::cursor::scroll_id;
pub(crate) use self::stated::{Arrived, Content, EMPTY_PAGE, Shortfall, Stated, Statements};
pub use crate::position::Position;
pub use crate::{
    decode::{Find, Probe},
    request::Draft,
};

/// How the pages of one resource follow each other.
///
/// Every method is a pure function of its arguments. The built-in kinds implement nothing else, and
/// one of your own has its place in a plan beside them: [`Pages::Custom`].
///
/// ```
/// use rest_source::{
///     Path, Result,
///     paginator::{Draft, End, Next, PageFacts, Paginate, Position, Probe},
/// };
///
/// /// The day before, for as long as the response names one.
/// struct ByDay;
///
/// impl Paginate for ByDay {
///     fn probes(&self) -> Vec<Path> {
///         vec![Path::of(["previous_day"])]
///     }
///
///     fn apply(&self, position: &Position, draft: &mut Draft) -> Result<()> {
///         if let Position::Cursor(day) = position {
///             draft.set_query("day", day);
///         }
///         Ok(())
///     }
///
///     fn next(&self, _: &Position, page: &PageFacts<'_>) -> Result<Next> {
///         Ok(match page.probes {
///             [Probe::Text(day)] => Next::Page(Position::Cursor(day.clone()), None),
///             _ => Next::End(End::complete("the first day")),
///         })
///     }
/// }
/// ```
pub trait Paginate: Send + Sync + 'static {
    /// Where the first page is.
    fn first(&self) -> Position {
        Position::First
    }

    /// The places in a page's body that [`next`](Self::next) wants to know of.
    fn probes(&self) -> Vec<Path>;

    /// The queries for further values that [`next`](Self::next) wants to know of, after those of the
    /// [`probes`](Self::probes).
    fn finds(&self) -> Vec<Find> {
        Vec::new()
    }

    /// What stands for the page at `position` in a request: `{paginator.cursor}`. Nothing where the request has no
    /// such value.
    fn value(&self, position: &Position) -> Option<Scalar> {
        value(position)
    }

    /// Makes the first request that of the page at `position`.
    ///
    /// # Errors
    ///
    /// When the position is of another kind, or cannot be written into the request.
    fn apply(&self, position: &Position, draft: &mut Draft) -> Result<()>;

    /// What follows the page at `position`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Paging`] when the page does not say what it has to, or contradicts itself.
    fn next(&self, position: &Position, page: &PageFacts<'_>) -> Result<Next>;

    /// Where the page after `position` is, before that has come, if it brings `stride` records and
    /// `total` is right. Nothing where only the page itself can tell.
    fn forecast(&self, _position: &Position, _total: Total, _stride: u64) -> Option<Position> {
        None
    }

    /// The most records that a page was asked to hold.
    fn page_size(&self) -> Option<u64> {
        None
    }

    /// How many records precede the page at `position`. Nothing where the position does not tell.
    fn records_before(&self, position: &Position) -> Option<u64> {
        matches!(position, Position::First).then_some(0)
    }

    /// How many pages precede the page at `position`. Nothing where pages are not numbered.
    fn pages_before(&self, _position: &Position) -> Option<u64> {
        None
    }
}

impl<P: Paginate + ?Sized> Paginate for &'static P {
    fn first(&self) -> Position {
        (**self).first()
    }

    fn probes(&self) -> Vec<Path> {
        (**self).probes()
    }

    fn finds(&self) -> Vec<Find> {
        (**self).finds()
    }

    fn value(&self, position: &Position) -> Option<Scalar> {
        (**self).value(position)
    }

    fn apply(&self, position: &Position, draft: &mut Draft) -> Result<()> {
        (**self).apply(position, draft)
    }

    fn next(&self, position: &Position, page: &PageFacts<'_>) -> Result<Next> {
        (**self).next(position, page)
    }

    fn forecast(&self, position: &Position, total: Total, stride: u64) -> Option<Position> {
        (**self).forecast(position, total, stride)
    }

    fn page_size(&self) -> Option<u64> {
        (**self).page_size()
    }

    fn records_before(&self, position: &Position) -> Option<u64> {
        (**self).records_before(position)
    }

    fn pages_before(&self, position: &Position) -> Option<u64> {
        (**self).pages_before(position)
    }
}

/// What came of a page, for its paginator.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct PageFacts<'a> {
    /// Raw rows in it: what the API paged, before the selector filters them or takes several records
    /// from one.
    pub received: u64,
    /// Raw rows in the pages before it, in this fetch.
    pub before: u64,
    /// What its body holds at the paginator's [`probes`](Paginate::probes), in their order, and what the
    /// [`finds`](Paginate::finds) come to after them.
    pub probes: &'a [Probe],
    /// Its headers.
    pub headers: &'a Headers,
    /// The URL it was asked for at, without credentials.
    pub url: &'a str,
    /// Empty pages right before it.
    pub empty_before: u32,
    /// The declared total, as this page or one before it states.
    pub total: Option<Total>,
    /// An undeclared number at `total` of the body, which may be the number of records.
    pub hint: Option<u64>,
    /// The declared flag `has_more_path`; nothing where it is undeclared or unreadable.
    pub has_more: Option<bool>,
    /// Whether it has no content (204), and so does not state anything.
    pub no_content: bool,
}

impl PageFacts<'_> {
    /// The page that a link leads to, resolved against this page's URL.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Paging`] when that is no http(s) URL, [`ErrorKind::Origin`] when it leads from
    /// https to http.
    pub fn resolve(&self, link: &str) -> Result<Position> {
        let from = self.parsed_url()?;
        Ok(Position::Url(request::resolve(&from, link)?.into()))
    }

    /// The same at the origin of this page's URL, whichever host the link names.
    fn rebase(&self, link: &str) -> Result<Position> {
        let from = self.parsed_url()?;
        let mut url = from.clone();
        let target = from
            .join(link.trim())
            .map_err(|error| paging(format!("the link `{link}` is not a valid URL: {error}")))?;
        url.set_path(target.path());
        url.set_query(target.query());
        Ok(Position::Url(url.into()))
    }

    fn parsed_url(&self) -> Result<Url> {
        Url::parse(self.url).map_err(|error| paging(error.to_string()))
    }
}

/// What follows a page.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Next {
    /// A page there, and what is known of the whole.
    Page(Position, Option<Total>),
    /// Nothing.
    End(End),
}

/// How much there is in all, as a page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Total {
    /// So many records.
    Records(u64),
    /// So many pages.
    Pages(u64),
}

impl Total {
    /// The number of records, where that is what it counts.
    fn records(self) -> Option<u64> {
        match self {
            Self::Records(total) => Some(total),
            Self::Pages(_) => None,
        }
    }

    /// The number of pages, where that is what it counts.
    fn pages(self) -> Option<u64> {
        match self {
            Self::Pages(total) => Some(total),
            Self::Records(_) => None,
        }
    }
}

/// Why pages ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// In words.
    pub reason: String,
    pub(crate) kind: EndKind,
}

/// What kind of end it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndKind {
    /// The last page.
    Complete,
    /// The last page, since it does not say where the next one is.
    NoNext,
    /// A maximum of the spec.
    Bounded,
    /// Nothing more of what the caller asked for can follow, whatever the API has.
    OutOfRange,
}

impl End {
    /// The last page. A total or flag that the spec declares is checked against what arrived.
    pub fn complete(reason: impl Into<String>) -> Self {
        Self::new(reason, EndKind::Complete)
    }

    /// A maximum was reached; more may exist.
    pub fn bounded(reason: impl Into<String>) -> Self {
        Self::new(reason, EndKind::Bounded)
    }

    /// The page does not say where the next one is.
    pub(crate) fn no_next(reason: impl Into<String>) -> Self {
        Self::new(reason, EndKind::NoNext)
    }

    /// No later page can hold a record of the range.
    pub(crate) fn out_of_range(reason: impl Into<String>) -> Self {
        Self::new(reason, EndKind::OutOfRange)
    }

    fn new(reason: impl Into<String>, kind: EndKind) -> Self {
        Self {
            reason: reason.into(),
            kind,
        }
    }
}

/// The paginator of this plan, or the name of one of the user's own.
pub(crate) fn built_in(paginator: &plan::Paginator) -> Result<Arc<dyn Paginate>, Text> {
    let ends = paginator.ends.clone();
    let rebases = paginator.rebase_links;
    Ok(match paginator.kind.clone() {
        Pages::Single => Arc::new(single::SinglePage),
        Pages::Offset(plan) => Arc::new(offset::ByOffset { plan, ends }),
        Pages::Number(plan) => Arc::new(page_number::ByNumber { plan, ends }),
        Pages::Cursor(plan) => Arc::new(cursor::ByCursor {
            plan,
            ends,
            is_scroll: false,
        }),
        Pages::Scroll(plan) => Arc::new(cursor::ByCursor {
            plan,
            ends,
            is_scroll: true,
        }),
        Pages::HeaderCursor { cursor_key, cursor } => Arc::new(header_cursor::ByHeaderCursor {
            cursor_key,
            cursor,
            ends,
        }),
        Pages::HeaderLink { header, rel } => Arc::new(header_link::ByHeaderLink {
            header,
            rel,
            ends,
            rebases,
        }),
        Pages::JsonLink { next_url_path } => Arc::new(json_link::ByJsonLink {
            next_url_path,
            ends,
            rebases,
        }),
        Pages::Custom { rust } => return Err(rust),
    })
}

/// Writes a value where its slot is. The placeholders of a request have it already.
fn write(draft: &mut Draft, slot: &Slot, value: &Scalar) -> Result<()> {
    match slot {
        Slot::Query(name) => draft.set_query(name, &value.to_string()),
        Slot::Header(name) => draft.set_header(name, &value.to_string())?,
        Slot::Body(path) => draft.set_body_to(
            path,
            match value {
                Scalar::Json(text) => Tree::read(text),
                value => value.to_json().into(),
            },
        ),
        Slot::Placeholder => {}
    }
    Ok(())
}

/// What stands for a position in a request; nothing for the first page and for a URL.
fn value(position: &Position) -> Option<Scalar> {
    match position {
        Position::First | Position::Url(_) => None,
        Position::Offset(at) | Position::Page(at) => Some(number(*at)),
        Position::Cursor(cursor) => Some(Scalar::Text(cursor.clone())),
        Position::CursorNumber(cursor) => Some(Scalar::Bigint(*cursor)),
        Position::CursorJson(text) => Some(Scalar::Json(text.clone())),
    }
}

/// The number as a value of a request.
fn number(number: u64) -> Scalar {
    i64::try_from(number).map_or_else(|_| Scalar::Json(number.to_string()), Scalar::Bigint)
}

fn paging(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Paging, message)
}

/// The error for a saved position that another kind of paginator made.
fn foreign(position: &Position, kind: &str) -> Error {
    paging(format!(
        "cannot resume at `{position}`: this resource now uses a {kind} paginator"
    ))
    .with_help("start again without a position")
}

#[cfg(test)]
mod test_support;
