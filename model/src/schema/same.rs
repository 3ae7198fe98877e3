//! Whether two tables are the same, for every record that is made: compared once, and remembered.

use std::{cell::Cell, mem::discriminant};

use super::{Table, Type};
use crate::shared::Ref;

/// How many pairs of tables a thread remembers to be equal.
const REMEMBERED: usize = 64;

/// Where two tables have their columns. Only of constants: they are never freed, so their place tells them.
type Pair = (usize, usize);

thread_local! {
    static EQUAL: [Cell<Pair>; REMEMBERED] = const { [const { Cell::new((0, 0)) }; REMEMBERED] };
}

/// Whether rows of one table are rows of the other, the columns of which are at another place: by their
/// names, and by the names and types of their columns, down to those of the objects within.
pub(super) fn are_equal(one: &Table, other: &Table) -> bool {
    let (Ref::Static(columns), Ref::Static(others)) = (&one.columns, &other.columns) else {
        return tables(one, other);
    };
    let pair = (columns.as_ptr().addr(), others.as_ptr().addr());
    let at = (pair.0 / 16 + pair.1 / 64) % REMEMBERED;
    EQUAL.with(|equal| {
        let known = equal.get(at);
        if columns.len() == others.len() && known.is_some_and(|known| known.get() == pair) {
            return true;
        }
        let is_equal = tables(one, other);
        if is_equal && let Some(known) = known {
            known.set(pair);
        }
        is_equal
    })
}

fn tables(one: &Table, other: &Table) -> bool {
    let mut columns = one.columns.iter().zip(&other.columns);
    one.name == other.name
        && one.columns.len() == other.columns.len()
        && columns
            .all(|(one, other)| one.name == other.name && types(&one.data_type, &other.data_type))
}

fn types(one: &Type, other: &Type) -> bool {
    match (one, other) {
        (Type::Object(one), Type::Object(other)) => tables(one, other),
        (Type::Array(one), Type::Array(other)) | (Type::Map(one), Type::Map(other)) => {
            types(&one.data_type, &other.data_type)
        }
        (Type::Union(one), Type::Union(other)) => {
            let mut members = one.iter().zip(other);
            one.len() == other.len()
                && members.all(|(one, other)| types(&one.data_type, &other.data_type))
        }
        _ => discriminant(one) == discriminant(other),
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        schema::{Column, Table, Type},
        shared::Ref,
    };

    fn table(name: &'static str, columns: Vec<Column>) -> Table {
        Table::new(name, Ref::Static(columns.leak()))
    }

    #[test]
    fn tables_are_the_same_by_their_columns_and_not_by_their_width() {
        let id = Column::new("id", Type::Bigint);
        let stories = table("stories", vec![id.clone()]);
        for _ in 0..2 {
            assert!(stories.is(&stories));
            assert!(stories.is(&table("stories", vec![id.clone()])));
            assert!(!stories.is(&table("stories", vec![Column::new("id", Type::Text)])));
            assert!(!stories.is(&table("stories", vec![Column::new("key", Type::Bigint)])));
            assert!(stories.is(&table("stories", vec![id.clone().nullable()])));
            assert!(!stories.is(&table("stories", vec![id.clone(), id.clone()])));
            assert!(!stories.is(&table("posts", vec![id.clone()])));
        }
        let owner = |data_type| {
            let within = table("owner", vec![Column::new("name", data_type)]);
            let owner = Column::new("owner", Type::Object(Ref::from(within)));
            table("stories", vec![owner])
        };
        assert!(owner(Type::Text).is(&owner(Type::Text)));
        assert!(!owner(Type::Text).is(&owner(Type::Bigint)));
    }
}
