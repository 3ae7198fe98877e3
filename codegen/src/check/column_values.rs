//! `value`: columns that every record has, and no response.

use crate::connector::{Part, Template, Type};
use crate::diagnostic::Diagnostic;
use crate::grammar::column;
use crate::spec::{Text, View};

use super::calls::Kind;
use super::columns::UNKNOWN;
use super::incremental::cursor_value;
use super::template::Scope;
use super::{Check, response_values};

impl Check<'_> {
    /// The value of a column.
    pub(super) fn column_value(
        &mut self,
        view: &View<'_>,
        data_type: &Type,
        nullable: bool,
        owner: &str,
    ) -> Option<Template> {
        let text = view.text(&column::VALUE)?;
        if *data_type == UNKNOWN || response_values::is_one(text.text) {
            return None;
        }
        self.value_has_a_place(view, text, owner)?;
        if !text.text.contains(['{', '}']) {
            return self.constant(text, data_type);
        }
        let template = self.template(text, Scope::bound("`value`"));
        if self.sink.has_errors_in(text.span) {
            return None;
        }
        let kind = match &template.0[..] {
            [part] => self.kind(part),
            _ => Kind::Text,
        };
        let fits = match data_type {
            Type::Text | Type::Json => true,
            Type::Bigint => kind == Kind::Bigint,
            Type::Double | Type::Decimal { .. } => matches!(kind, Kind::Bigint | Kind::Double),
            Type::Bool => kind == Kind::Bool,
            Type::Timestamp(_) | Type::Date(_) => matches!(kind, Kind::Timestamp | Kind::Date),
            _ => false,
        };
        if !fits {
            self.no_value_of_type(text, data_type, kind.word());
            return None;
        }
        let may_lack = template.0.iter().any(|part| self.may_lack_value(part));
        if may_lack && !nullable {
            let message = "an optional setting may have no value, and the column is never null";
            self.error(
                Diagnostic::error("RS0607", text.span, message)
                    .help("remove `nullable: false`, or give the setting a `default`"),
            );
        }
        Some(template)
    }

    /// Whether a column may have a `value`: one of a resource, not of an object.
    pub(super) fn value_has_a_place(
        &mut self,
        view: &View<'_>,
        text: Text<'_>,
        owner: &str,
    ) -> Option<()> {
        // The name of an object has a dot.
        if owner.contains('.') {
            let message = "a `value` is for columns of a resource, not for those of an object";
            self.error(
                Diagnostic::error("RS0607", text.span, message)
                    .help("declare the column beside the object"),
            );
            return None;
        }
        if view.entry(&column::FROM).is_some() {
            self.error(
                Diagnostic::error(
                    "RS0602",
                    view.place(&column::FROM),
                    "`from` has no effect here",
                )
                .help("remove it, or `value`: the column is not read from the record"),
            );
        }
        Some(())
    }

    fn constant(&mut self, text: Text<'_>, data_type: &Type) -> Option<Template> {
        let value = match data_type {
            Type::Text => Some(text.text.to_owned()),
            Type::Bool => matches!(text.text, "true" | "false").then(|| text.text.to_owned()),
            Type::Bigint
            | Type::Double
            | Type::Decimal { .. }
            | Type::Timestamp(_)
            | Type::Date(_) => cursor_value(text.text, data_type).ok(),
            _ => None,
        };
        let Some(value) = value else {
            self.no_value_of_type(text, data_type, "this constant");
            return None;
        };
        Some(Template(vec![Part::Text(value.into())].into()))
    }

    pub(super) fn no_value_of_type(&mut self, text: Text<'_>, data_type: &Type, what: &str) {
        let word = data_type.word();
        let message = format!("the column is a {word}, and its `value` is {what}");
        self.error(
            Diagnostic::error("RS0607", text.span, message)
                .help("use a constant or a setting of the column's type"),
        );
    }

    /// Whether a placeholder is an optional setting without a default.
    fn may_lack_value(&self, part: &Part) -> bool {
        match part.source() {
            Part::Config(at) => {
                let setting = self.settings.config(*at);
                setting.is_some_and(|setting| setting.optional) && !part.has_default()
            }
            _ => false,
        }
    }
}
