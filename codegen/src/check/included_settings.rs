//! `include_from_config`: settings as columns, which tell the rows of several settings apart.

use crate::connector::{
    Column, ConfigType, Part, Record, Struct, TimeFormat, Type, WriteDisposition,
};
use crate::diagnostic::{Diagnostic, Span};
use crate::grammar::resource;
use crate::spec::{Text, View, text};

use super::Check;
use super::parent::include::is_same;

impl Check<'_> {
    /// Adds a column for each setting.
    pub(super) fn include_from_config(
        &mut self,
        view: &View<'_>,
        name: Text<'_>,
        record: &mut Record,
    ) {
        let Some(entry) = view.entry(&resource::INCLUDE_FROM_CONFIG) else {
            return;
        };
        let Record::Struct(record) = record else {
            if view.node(&resource::COLUMNS).is_some() {
                let message = "untyped records have no columns to include a setting in";
                let error = Diagnostic::error("RS0409", &entry.key.span, message);
                self.error(error.help("declare the columns"));
            }
            return;
        };
        for setting in entry.value.elements().iter().filter_map(text) {
            let Some(Part::Config(at)) = self.setting(setting.text, setting.span) else {
                continue;
            };
            let Some(config) = self.settings.config(at) else {
                continue;
            };
            if config.optional || matches!(config.data_type, ConfigType::List(_)) {
                let message = format!(
                    "`{}` is {}, and an included setting is a value that tells rows apart",
                    config.name,
                    if config.optional {
                        "optional"
                    } else {
                        "a list"
                    }
                );
                let error = Diagnostic::error("RS0212", setting.span, message);
                self.error(error.help("include a setting that always has one value"));
                continue;
            }
            let mut column = Column::new(config.name.clone(), column_type(&config.data_type));
            column.config = Some(at);
            column.line = self.line(setting.span);
            column.description.clone_from(&config.description);
            self.include(column, setting.span, name, record);
        }
    }

    /// Adds a column that is not part of the response to a record, unless it has one of that name.
    pub(super) fn include(
        &mut self,
        column: Column,
        span: &Span,
        resource: Text<'_>,
        record: &mut Struct,
    ) {
        if !record.columns.iter().any(|one| is_same(one, &column)) {
            record.columns.push(column);
            return;
        }
        let message = format!(
            "the included column would be called `{}`, like another of `{}`",
            column.name, resource.text
        );
        let error = Diagnostic::error("RS0405", span, message);
        self.error(error.help("include it once, and `rename` a column of the resource's own"));
    }

    /// Where rows are merged, a key without the setting would mix the rows of several.
    pub(super) fn key_has_the_settings(
        &mut self,
        view: &View<'_>,
        record: &Record,
        disposition: WriteDisposition,
    ) {
        if disposition != WriteDisposition::Merge {
            return;
        }
        let columns = record.columns();
        for (key, is_in_key) in [
            (
                &resource::PRIMARY_KEY,
                (|column| column.primary_key) as fn(&Column) -> bool,
            ),
            (&resource::MERGE_KEY, |column| column.merge_key),
        ] {
            if !columns.iter().any(is_in_key) {
                continue;
            }
            for column in columns.iter().filter(|column| column.config.is_some()) {
                if is_in_key(column) {
                    continue;
                }
                let message = format!(
                    "the rows of one `{0}` would replace those of another: the `{1}` lacks `{0}`",
                    column.name, key.name
                );
                let error = Diagnostic::error("RS0409", view.place(key), message);
                self.error(error.help(format!("add `{}` to the `{}`", column.name, key.name)));
            }
        }
    }
}

/// What a column holds that is a setting, or an element of one. The word of an enum is a text.
pub(super) fn column_type(setting: &ConfigType) -> Type {
    match setting {
        ConfigType::Text | ConfigType::Enum(_) | ConfigType::List(_) => Type::Text,
        ConfigType::Bigint => Type::Bigint,
        ConfigType::Double => Type::Double,
        ConfigType::Bool => Type::Bool,
        ConfigType::Date => Type::Date(TimeFormat::Rfc3339),
        ConfigType::Timestamp => Type::Timestamp(TimeFormat::Rfc3339),
    }
}
