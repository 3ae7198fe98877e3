//! A reader of protobuf's wire format, independent of the library that wrote it.

/// A message: numbers and contents of its fields, in order.
pub(super) struct Message {
    numbers: Vec<u64>,
    contents: Vec<Content>,
}

enum Content {
    Number(u64),
    Bytes(Vec<u8>),
}

impl Message {
    pub(super) fn read(mut bytes: &[u8]) -> Self {
        let (mut numbers, mut contents) = (Vec::new(), Vec::new());
        while !bytes.is_empty() {
            let tag = varint(&mut bytes);
            numbers.push(tag >> 3);
            contents.push(match tag & 7 {
                0 => Content::Number(varint(&mut bytes)),
                1 => Content::Number(fixed(&mut bytes, 8)),
                2 => {
                    let length = usize::try_from(varint(&mut bytes)).unwrap();
                    let (content, rest) = bytes.split_at(length);
                    bytes = rest;
                    Content::Bytes(content.to_vec())
                }
                5 => Content::Number(fixed(&mut bytes, 4)),
                other => panic!("wire type {other}"),
            });
        }
        Self { numbers, contents }
    }

    /// The numbers of its fields.
    pub(super) fn fields(&self) -> &[u64] {
        &self.numbers
    }

    fn of(&self, field: u64) -> impl Iterator<Item = &Content> {
        let fields = self.numbers.iter().zip(&self.contents);
        fields.filter_map(move |(number, content)| (*number == field).then_some(content))
    }

    /// The bytes of a field; empty without it.
    pub(super) fn bytes(&self, field: u64) -> Vec<u8> {
        match self.of(field).next() {
            Some(Content::Bytes(bytes)) => bytes.clone(),
            Some(Content::Number(number)) => panic!("field {field} is {number}"),
            None => Vec::new(),
        }
    }

    pub(super) fn text(&self, field: u64) -> String {
        String::from_utf8(self.bytes(field)).unwrap()
    }

    /// The number in a field; 0 without it.
    pub(super) fn number(&self, field: u64) -> u64 {
        match self.of(field).next() {
            Some(Content::Number(number)) => *number,
            Some(Content::Bytes(_)) => panic!("field {field} is not a number"),
            None => 0,
        }
    }

    pub(super) fn messages(&self, field: u64) -> Vec<Self> {
        let contents = self.of(field);
        contents
            .map(|content| match content {
                Content::Bytes(bytes) => Self::read(bytes),
                Content::Number(number) => panic!("field {field} is {number}"),
            })
            .collect()
    }
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes);
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}

fn fixed(bytes: &mut &[u8], length: usize) -> u64 {
    (0..length).fold(0, |value, at| value | u64::from(take(bytes)) << (8 * at))
}

fn take(bytes: &mut &[u8]) -> u8 {
    let (first, rest) = bytes.split_first().unwrap();
    *bytes = rest;
    *first
}
