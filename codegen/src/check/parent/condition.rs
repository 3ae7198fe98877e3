//! `where`: the condition on the records of a parent.

use crate::check::Check;
use crate::connector::Text;
use crate::diagnostic::Diagnostic;
use crate::grammar::{Key, text};
use crate::jsonpath::{self, Parsed};
use crate::spec::View;

use super::Parent;

pub(crate) static WHERE: Key<Text> = text(
    "where",
    "a filter of RFC 9535: the records of the parent that it is fetched for",
);

impl Check<'_> {
    /// The condition on the records of the parent.
    pub(in crate::check) fn parent_condition(&mut self, endpoint: &View<'_>) -> Option<Text> {
        let condition = endpoint.text(&WHERE)?;
        if let Parent::Nowhere = self.parent {
            if endpoint.node.span.contains(&endpoint.place(&WHERE).start) {
                let message = "`where` has no effect here";
                self.error(
                    Diagnostic::error("RS0602", endpoint.place(&WHERE), message)
                        .help("remove it: the resource has no parent"),
                );
            }
            return None;
        }
        match jsonpath::parse(&format!("$[?{}]", condition.text)) {
            Ok(Parsed::Query(_)) => Some(condition.owned()),
            Ok(Parsed::Path(_)) => None,
            Err(reason) => {
                let message = format!("`where` is not a valid filter: {reason}");
                self.error(
                    Diagnostic::error("RS0811", condition.span, message).help(
                        "write a comparison of a field of the parent's record, `@.status == 'open'`, or its \
                         existence, `@.archived_at`; join several by `&&` and `||`",
                    ),
                );
                None
            }
        }
    }
}
