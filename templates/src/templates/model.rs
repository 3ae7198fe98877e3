//! The variables of templates. Fields may be added; none is removed or renamed.

use serde::Serialize;

use rest_source_codegen::connector as checked;

/// A connector.
#[derive(Clone, Debug, Serialize)]
pub struct Source {
    /// Its name, in `snake_case`.
    pub name: String,
    /// The spec's path, as passed to the generator.
    pub spec: String,
    /// Its `description` in the spec.
    pub description: Option<String>,
    /// The base URL, with the spec's placeholders.
    pub base_url: String,
    /// The secrets.
    pub secrets: Vec<Secret>,
    /// The settings.
    pub settings: Vec<Setting>,
    /// The resources, in the order of the spec.
    pub resources: Vec<Resource>,
    /// Whether any resource has a parent.
    pub has_children: bool,
}

/// A secret.
#[derive(Clone, Debug, Serialize)]
pub struct Secret {
    /// Its name in the spec.
    pub name: String,
    /// The environment variable that holds it.
    pub env: String,
    /// Its description.
    pub description: Option<String>,
}

/// A setting.
#[derive(Clone, Debug, Serialize)]
pub struct Setting {
    /// Its name in the spec.
    pub name: String,
    /// The environment variable that overrides it.
    pub env: String,
    /// Its type: a type's word, or `one of …`.
    pub data_type: String,
    /// Its default value.
    pub default: Option<String>,
    /// Its description.
    pub description: Option<String>,
}

/// A resource.
#[derive(Clone, Debug, Serialize)]
pub struct Resource {
    /// Its name in the spec.
    pub name: String,
    /// Its name in SQL, quoted.
    pub sql_name: String,
    /// The method of `Source` that fetches it.
    pub rust_method: String,
    /// The struct of its records; `None` for untyped records.
    pub rust_record: Option<String>,
    /// Its line in the spec, from 1.
    pub line: u32,
    /// Its `description` in the spec.
    pub description: Option<String>,
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The path, with the spec's placeholders.
    pub path: String,
    /// The type of its paginator, as in a spec.
    pub paginator: &'static str,
    /// `append`, `replace`, `merge` or `skip`.
    pub write_disposition: &'static str,
    /// Whether a load of the source includes it.
    pub selected: bool,
    /// The names of the columns of its primary key.
    pub primary_key: Vec<String>,
    /// The names of the columns of its merge key.
    pub merge_key: Vec<String>,
    /// The column that marks records whose rows are deleted.
    pub hard_delete: Option<String>,
    /// The quoted columns of the table's primary key. Empty for appended rows, which may contain a record more than
    /// once.
    pub sql_key: Vec<String>,
    /// Its `incremental`.
    pub incremental: Option<Incremental>,
    /// The Rust paths of its processing steps, in order.
    pub processing_steps: Vec<String>,
    /// Its parent resource, or several, separated by commas.
    pub parent: Option<String>,
    /// Its parent resources.
    pub parents: Vec<String>,
    /// Whether its records are untyped JSON. It then has the columns of its key and `record`, or no columns without a
    /// key.
    pub is_untyped: bool,
    /// The columns, in the order of the spec.
    pub columns: Vec<Column>,
    /// The columns of its table: all but lists that have tables of their own.
    pub sql_columns: Vec<Column>,
    /// The tables of its nested lists.
    pub child_tables: Vec<ChildTable>,
}

/// The table of a nested list.
#[derive(Clone, Debug, Serialize)]
pub struct ChildTable {
    /// The column of the resource that holds the list.
    pub column: String,
    /// Its name.
    pub name: String,
    /// Its name in SQL, quoted.
    pub sql_name: String,
    /// The quoted columns of its primary key. Empty for appended rows.
    pub sql_key: Vec<String>,
    /// The columns: those that link a row to its record, its position, and those of the elements.
    pub columns: Vec<Column>,
}

/// The `incremental` of a resource.
#[derive(Clone, Debug, Serialize)]
pub struct Incremental {
    /// The cursor column's name.
    pub column: String,
    /// The start of the first fetch.
    pub initial_value: Option<String>,
    /// The parameter for the start.
    pub start_param: Option<String>,
}

/// A column.
#[derive(Clone, Debug, Serialize)]
pub struct Column {
    /// Its name in Rust and SQL.
    pub name: String,
    /// Its name in SQL, quoted.
    pub sql_name: String,
    /// Its key in the response.
    pub key: String,
    /// A description of its type: `bigint`, `array of text`, `one of a, b`.
    pub data_type: String,
    /// Its type in SQLite, with checks.
    pub sqlite: String,
    /// Its type in PostgreSQL.
    pub postgres: String,
    /// Whether it accepts null and absent values.
    pub nullable: bool,
    /// Whether it belongs to the primary key.
    pub primary_key: bool,
    /// The table in which its elements are stored; it is then not a column of the resource's table.
    pub table: Option<String>,
    /// Its `description` in the spec.
    pub description: Option<String>,
    /// Its line in the spec, from 1.
    pub line: u32,
}

impl Source {
    /// Collects the variables of a connector.
    pub fn of(connector: &checked::Connector) -> Self {
        let plan = &connector.plan;
        let resources = connector.resources.iter();
        let resources: Vec<_> = resources.map(|one| resource(plan, one)).collect();
        Self {
            name: plan.name.to_string(),
            spec: plan.spec.to_string(),
            description: owned(connector.description.as_ref()),
            base_url: plan.written(None, &plan.base_url),
            secrets: plan.secrets.iter().map(secret).collect(),
            settings: plan.config.iter().map(setting).collect(),
            has_children: resources.iter().any(|resource| resource.parent.is_some()),
            resources,
        }
    }
}

fn owned(text: Option<&checked::Text>) -> Option<String> {
    text.map(checked::Text::to_string)
}

fn secret(secret: &checked::SecretPlan) -> Secret {
    Secret {
        name: secret.name.to_string(),
        env: secret.env.to_string(),
        description: owned(secret.description.as_ref()),
    }
}

fn setting(setting: &checked::ConfigPlan) -> Setting {
    Setting {
        name: setting.name.to_string(),
        env: setting.env.to_string(),
        data_type: setting_type(&setting.data_type),
        default: match &setting.default {
            None if setting.optional => Some("none".to_owned()),
            default => owned(default.as_ref()),
        },
        description: owned(setting.description.as_ref()),
    }
}

fn setting_type(data_type: &checked::ConfigType) -> String {
    match data_type {
        checked::ConfigType::Text => "text".to_owned(),
        checked::ConfigType::Bigint => "bigint".to_owned(),
        checked::ConfigType::Double => "double".to_owned(),
        checked::ConfigType::Bool => "bool".to_owned(),
        checked::ConfigType::Date => "date".to_owned(),
        checked::ConfigType::Timestamp => "timestamp".to_owned(),
        checked::ConfigType::Enum(words) => one_of(words),
        checked::ConfigType::List(item) => format!("list of {}", setting_type(item)),
    }
}

fn resource(source: &checked::SourcePlan, resource: &checked::Resource) -> Resource {
    let plan = &resource.plan;
    let (rust_record, description, columns) = match &resource.record {
        checked::Record::Untyped(columns) => (None, None, columns.as_slice()),
        checked::Record::Struct(record) => (
            Some(record.ident.clone()),
            record.description.as_ref(),
            record.columns.as_slice(),
        ),
    };
    let key = || columns.iter().filter(|column| column.primary_key);
    let merge_key = columns.iter().filter(|column| column.merge_key);
    let is_appended = plan.write_disposition == checked::WriteDisposition::Append;
    let parents = plan.parent.iter().flat_map(|parent| parent.resources());
    let parents: Vec<String> = parents.map(|one| one.name.to_string()).collect();
    Resource {
        name: plan.name.to_string(),
        sql_name: quoted(plan.table_name.as_ref().unwrap_or(&plan.name)),
        rust_method: resource.ident(),
        rust_record,
        line: plan.line,
        description: owned(resource.description.as_ref().or(description)),
        method: plan.method.as_str(),
        path: source.written(Some(plan), &plan.path),
        paginator: match plan.paginator.kind {
            checked::Pages::Single => "single_page",
            checked::Pages::Offset(_) => "offset",
            checked::Pages::Number(_) => "page_number",
            checked::Pages::Cursor(_) => "cursor",
            checked::Pages::HeaderCursor { .. } => "header_cursor",
            checked::Pages::HeaderLink { .. } => "header_link",
            checked::Pages::JsonLink { .. } => "json_link",
            checked::Pages::Scroll(_) => "scroll",
            checked::Pages::Custom { .. } => "custom",
        },
        write_disposition: match plan.write_disposition {
            checked::WriteDisposition::Append => "append",
            checked::WriteDisposition::Replace => "replace",
            checked::WriteDisposition::Merge => "merge",
            checked::WriteDisposition::Skip => "skip",
        },
        selected: plan.selected,
        primary_key: key().map(|column| column.name.to_string()).collect(),
        merge_key: merge_key.map(|column| column.name.to_string()).collect(),
        hard_delete: (plan.hard_delete.as_ref())
            .and_then(|mark| columns.get(usize::from(mark.column)))
            .map(|column| column.name.to_string()),
        sql_key: key()
            .filter(|_| !is_appended)
            .map(|column| quoted(&column.name))
            .collect(),
        incremental: plan.incremental.as_ref().and_then(|incremental| {
            let column = columns.get(usize::from(incremental.column?))?;
            Some(Incremental {
                column: column.name.to_string(),
                initial_value: (incremental.initial_value.as_ref())
                    .map(|template| source.written(None, template)),
                start_param: owned(incremental.start_param.as_ref()),
            })
        }),
        processing_steps: (plan.processing_steps.iter())
            .map(|step| step.path().to_owned())
            .collect(),
        parent: (!parents.is_empty()).then(|| parents.join(", ")),
        parents,
        is_untyped: matches!(resource.record, checked::Record::Untyped(_)),
        columns: columns.iter().map(column).collect(),
        sql_columns: (columns.iter())
            .filter(|column| column.table.is_none())
            .map(column)
            .collect(),
        child_tables: (plan.child_tables().iter())
            .map(|child| child_table(plan, child, is_appended))
            .collect(),
    }
}

fn child_table(
    plan: &checked::ResourcePlan,
    child: &checked::ChildTable,
    is_appended: bool,
) -> ChildTable {
    let columns = &child.table.columns;
    let key = columns.iter().filter(|column| column.primary_key);
    let list = plan.table.columns.get(child.column);
    ChildTable {
        column: list.map_or_else(String::new, |list| list.name.to_string()),
        name: child.table.name.to_string(),
        sql_name: quoted(&child.table.name),
        sql_key: key
            .filter(|_| !is_appended)
            .map(|column| quoted(&column.name))
            .collect(),
        columns: columns.iter().map(table_column).collect(),
    }
}

fn table_column(schema: &checked::schema::Column) -> Column {
    Column {
        table: None,
        description: None,
        ..column(&checked::Column {
            schema: schema.clone(),
            rust: checked::RustType::BuiltIn,
            description: None,
        })
    }
}

fn column(column: &checked::Column) -> Column {
    Column {
        name: column.name.to_string(),
        sql_name: quoted(&column.name),
        key: column.key.to_string(),
        data_type: in_words(&column.data_type),
        sqlite: sqlite(column),
        postgres: postgres(&column.data_type),
        nullable: column.nullable,
        primary_key: column.primary_key,
        table: owned(column.table.as_ref()),
        description: owned(column.description.as_ref()),
        line: column.line,
    }
}

fn one_of(words: &[checked::Text]) -> String {
    let words: Vec<_> = words.iter().map(checked::Text::as_str).collect();
    format!("one of {}", words.join(", "))
}

fn in_words(data_type: &checked::Type) -> String {
    use checked::Type;
    let word = match data_type {
        Type::Decimal {
            precision: precision @ 1..,
            scale,
        } => return format!("decimal({precision}, {scale})"),
        Type::Object(object) => {
            let fields: Vec<_> = object
                .columns
                .iter()
                .map(|field| field.name.as_str())
                .collect();
            return format!("object of {}", fields.join(", "));
        }
        Type::Array(element) => return format!("array of {}", in_words(&element.data_type)),
        Type::Map(element) => return format!("map to {}", in_words(&element.data_type)),
        Type::Enum { values, closed } => {
            let other = if *closed { "" } else { ", or another" };
            return format!("{}{other}", one_of(values));
        }
        Type::Union(members) => {
            let members = members.iter().map(|member| in_words(&member.data_type));
            return members.collect::<Vec<_>>().join(" or ");
        }
        Type::Scalar => "text, bigint or bool",
        _ => data_type.word(),
    };
    word.to_owned()
}

fn sqlite(column: &checked::Column) -> String {
    use checked::Type;
    let sql_type = match column.data_type {
        Type::Bool => {
            let not_null = if column.nullable { "" } else { " NOT NULL" };
            let name = quoted(&column.name);
            return format!("INTEGER{not_null} CHECK ({name} IN (0, 1))");
        }
        Type::Bigint => "INTEGER",
        Type::Double => "REAL",
        Type::Binary => "BLOB",
        Type::Scalar => "ANY",
        _ => "TEXT",
    };
    let not_null = if column.nullable { "" } else { " NOT NULL" };
    format!("{sql_type}{not_null}")
}

fn postgres(data_type: &checked::Type) -> String {
    use checked::Type;
    let sql_type = match data_type {
        Type::Text | Type::Enum { .. } => "text",
        Type::Bigint => "bigint",
        Type::Double => "double precision",
        Type::Bool => "boolean",
        Type::Timestamp(_) => "timestamptz",
        Type::Date(_) => "date",
        Type::Time => "time",
        Type::Decimal { precision: 0, .. } => "numeric",
        Type::Decimal { precision, scale } => return format!("numeric({precision}, {scale})"),
        Type::Binary => "bytea",
        Type::Json
        | Type::Object(_)
        | Type::Array(_)
        | Type::Map(_)
        | Type::Union(_)
        | Type::Scalar => "jsonb",
    };
    sql_type.to_owned()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
