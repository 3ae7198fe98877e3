//! The declared keys of an object, one after the other.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    fault::{Place, leave_out},
    keys::{self, Keys},
    object::Within,
    reader::Reader,
    shape::{Members, Node, ObjectShape},
    visit::visit,
};

impl Reader<'_, '_> {
    /// Reads the declared keys of an object into its columns, which start at `base`.
    pub(super) fn members<'de, A: MapAccess<'de>>(
        &mut self,
        object: &ObjectShape,
        members: &Members,
        base: u32,
        place: &Place<'_>,
        map: A,
    ) -> Result<bool, A::Error> {
        let keys = self.out.keys.get_mut(members.id).map(std::mem::take);
        let mut open = Open {
            reader: self,
            object,
            members,
            keys: keys.unwrap_or_default(),
            cursor: 0,
            quote: None,
            base,
            place,
            fits: true,
        };
        let read = open.read(map);
        let Open { keys, fits, .. } = open;
        if let Some(memory) = self.out.keys.get_mut(members.id) {
            *memory = keys;
        }
        read.map(|()| fits)
    }
}

/// An object that is being read.
struct Open<'r, 't, 'o, 's> {
    reader: &'r mut Reader<'t, 'o>,
    object: &'s ObjectShape,
    members: &'s Members,
    keys: Keys,
    cursor: usize,
    /// Where in the text the last key's closing quote is, if the key is there as it is.
    quote: Option<usize>,
    base: u32,
    place: &'s Place<'s>,
    fits: bool,
}

impl Open<'_, '_, '_, '_> {
    fn read<'de, A: MapAccess<'de>>(&mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(KeySeed(self))? {
            let key = match key {
                Key::Declared(at) => self.members.keys.get(usize::from(at)),
                Key::Undeclared => None,
                Key::Extra(key) => {
                    let raw = map.next_value::<&RawValue>()?;
                    self.fits &= self.reader.extra(self.object, &key, raw.get(), self.place);
                    continue;
                }
            };
            match key {
                Some((key, node)) => map.next_value_seed(NodeSeed {
                    open: self,
                    key,
                    node,
                })?,
                None => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        Ok(())
    }

    /// Reads whatever a node wants.
    #[inline(never)]
    fn node<'de, D: Deserializer<'de>>(
        &mut self,
        key: &str,
        node: &Node,
        deserializer: D,
    ) -> Result<(), D::Error> {
        let (object, base) = (self.object, self.base);
        let reader = &mut *self.reader;
        let place = &Place::Key(self.place, key);
        let fits = match node {
            Node::Column(column) => {
                let Some(shape) = object.columns.get(*column) else {
                    return IgnoredAny::deserialize(deserializer).map(|_| ());
                };
                let at = self.quote.map(|quote| reader.source.after_quote(quote));
                let slot = reader.value(shape, at, place, deserializer)?;
                reader.put(object, *column, base, slot, place)
            }
            Node::Within(members) => {
                let within = Within {
                    reader,
                    object,
                    members,
                    base,
                    place,
                };
                visit(deserializer, within)?
            }
            Node::Several { .. } => {
                let raw = <&RawValue>::deserialize(deserializer)?;
                reader.node(object, node, base, raw.get(), place)
            }
        };
        self.fits &= fits;
        Ok(())
    }
}

/// What a key is.
enum Key {
    /// Declared, at this position.
    Declared(u16),
    /// To be left out.
    Undeclared,
    /// To be kept.
    Extra(String),
}

/// Reads a key.
struct KeySeed<'r, 'i, 't, 'o, 's>(&'r mut Open<'i, 't, 'o, 's>);

impl<'de> DeserializeSeed<'de> for KeySeed<'_, '_, '_, '_, '_> {
    type Value = Key;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_, '_, '_, '_, '_> {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    #[inline]
    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        let open = self.0;
        match open.keys.find(&mut open.cursor, key) {
            keys::Found::Declared(index) => {
                let start = open.reader.source.offset_of(key);
                open.quote = start.map(|start| start + key.len());
                Ok(Key::Declared(index))
            }
            keys::Found::Elsewhere => Ok(Key::Undeclared),
            keys::Found::Undeclared { .. } if open.members.is_held => Ok(Key::Undeclared),
            keys::Found::Undeclared { .. } if open.object.extra.is_some() => {
                Ok(Key::Extra(format!("{}{key}", open.members.prefix)))
            }
            keys::Found::Undeclared { .. } if open.object.is_whole => Ok(Key::Undeclared),
            keys::Found::Undeclared { new } => {
                let out = &mut *open.reader.out;
                out.undeclared += 1;
                open.fits &= leave_out(&mut out.faults, out.columns, open.place, key, new);
                Ok(Key::Undeclared)
            }
        }
    }
}

/// Reads what stands at a key.
struct NodeSeed<'r, 'i, 't, 'o, 's> {
    open: &'r mut Open<'i, 't, 'o, 's>,
    key: &'s str,
    node: &'s Node,
}

impl<'de> DeserializeSeed<'de> for NodeSeed<'_, '_, '_, '_, '_> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let Self { open, key, node } = self;
        open.node(key, node, deserializer)
    }
}
