//! Random frames, written byte by byte from the schema alone: an encoder of its own, so that every
//! type that is ever added is tried without another line here.

#![allow(dead_code, reason = "each test uses a part")]
#![allow(clippy::expect_used, reason = "a helper of tests panics as they do")]

#[path = "../../src/bin/caffis-gen/model.rs"]
pub(crate) mod model;

use caffis_schema::{ClientFrame, ServerFrame, ids::MAX_EXACT};
use model::{Model, Scalar, Shape, Type, Variant};
use postcard_schema::Schema as _;

/// Past so many bytes a frame gets no further lists and texts.
const ENOUGH: usize = 100_000;

/// Characters of one to four bytes: controls, quotes, right to left, joined, a byte order mark.
const CHARACTERS: [char; 24] = [
    'a',
    'Z',
    '0',
    ' ',
    '"',
    '\\',
    '/',
    '\u{7f}',
    '\0',
    '\n',
    '\t',
    'é',
    'ß',
    'ם',
    'ع',
    '\u{301}',
    '\u{200d}',
    '\u{feff}',
    '\u{ffff}',
    '語',
    '☕',
    '👩',
    '🏽',
    '\u{10ffff}',
];

/// Numbers that follow from a seed (SplitMix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    /// Any number up to a maximum; its ends and the edges of varints are likely.
    fn up_to(&mut self, maximum: u64) -> u64 {
        let number = match self.below(8) {
            0 => maximum,
            1 => 0,
            2 => 1 << (7 * self.below(9)),
            3 => (1 << (7 * self.below(9))) - 1,
            _ => self.next() >> self.below(64),
        };
        number.min(maximum)
    }
}

/// Writes random frames.
pub(crate) struct Frames {
    model: Model,
    random: Random,
    bytes: Vec<u8>,
}

impl Frames {
    pub(crate) fn new(seed: u64) -> Self {
        let model = Model::of(&[ClientFrame::SCHEMA, ServerFrame::SCHEMA]).expect("a good schema");
        Self { model, random: Random::new(seed), bytes: Vec::new() }
    }

    /// The bytes of a random frame from a client.
    pub(crate) fn client(&mut self) -> Vec<u8> {
        self.frame("ClientFrame")
    }

    /// The bytes of a random frame from a server.
    pub(crate) fn server(&mut self) -> Vec<u8> {
        self.frame("ServerFrame")
    }

    pub(crate) fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    fn frame(&mut self, root: &str) -> Vec<u8> {
        self.bytes.clear();
        self.declared(root);
        self.bytes.clone()
    }

    fn declared(&mut self, name: &str) {
        let found = self.model.declarations.iter().find(|declaration| declaration.name == name);
        match found.expect("declared").shape.clone() {
            Shape::Struct(fields) => fields.iter().for_each(|(_, ty)| self.value(ty)),
            Shape::Choice(names) => {
                let index = self.random.below(names.len());
                self.varint(index as u64);
            }
            Shape::OpenChoice(names) => {
                let tag = self.tag(names.len());
                self.varint(tag);
                self.varint(0);
            }
            Shape::Enum(variants) => {
                let index = self.random.below(variants.len());
                self.varint(index as u64);
                if let Some(payload) = &variants[index].payload {
                    self.value(payload);
                }
            }
            Shape::OpenEnum(variants) => self.open(&variants),
        }
    }

    /// A known tag, or one time in twenty one that is not.
    fn tag(&mut self, known: usize) -> u64 {
        if self.random.one_in(20) {
            (known as u64).max(self.random.up_to(u64::from(u32::MAX)))
        } else {
            self.random.below(known) as u64
        }
    }

    fn open(&mut self, variants: &[Variant]) {
        let tag = self.tag(variants.len());
        self.varint(tag);
        let outer = std::mem::take(&mut self.bytes);
        match variants.get(tag as usize) {
            Some(variant) => variant.payload.iter().for_each(|payload| self.value(payload)),
            None => {
                let length = self.random.below(300);
                self.bytes.extend((0..length).map(|index| (index * 37) as u8));
            }
        }
        let payload = std::mem::replace(&mut self.bytes, outer);
        self.varint(payload.len() as u64);
        self.bytes.extend(payload);
    }

    fn value(&mut self, ty: &Type) {
        match ty {
            Type::Scalar(scalar) => self.scalar(*scalar),
            Type::Text(maximum) => self.text(*maximum, |_| true),
            Type::Blob(maximum) => {
                let length = self.random.below(300.min(*maximum));
                self.varint(length as u64);
                self.bytes.extend(std::iter::repeat_n(0xa5, length));
            }
            Type::List(item, maximum) => {
                let length = self.length(*maximum, 4);
                self.varint(length as u64);
                (0..length).for_each(|_| self.value(item));
            }
            Type::Option(some) => {
                let is_some = self.random.one_in(2);
                self.bytes.push(u8::from(is_some));
                if is_some {
                    self.value(some);
                }
            }
            Type::Named(name) => self.declared(name),
        }
    }

    fn scalar(&mut self, scalar: Scalar) {
        match scalar {
            Scalar::Bool => {
                let value = self.random.below(2) as u8;
                self.bytes.push(value);
            }
            Scalar::U8 => {
                let value = self.random.up_to(255) as u8;
                self.bytes.push(value);
            }
            Scalar::U16 => self.number(u64::from(u16::MAX)),
            Scalar::U32 => self.number(u64::from(u32::MAX)),
            Scalar::U64 => self.number(MAX_EXACT),
            Scalar::RoomId => self.number(u64::MAX >> 1),
            Scalar::UserId => self.text(64, |character| !character.is_control()),
            Scalar::ClientId
            | Scalar::SessionId
            | Scalar::DeviceId
            | Scalar::InviteSecret
            | Scalar::InviteDigest => {
                for _ in 0..2 {
                    let half = self.random.next();
                    self.bytes.extend(half.to_le_bytes());
                }
            }
        }
    }

    fn number(&mut self, maximum: u64) {
        let number = self.random.up_to(maximum);
        self.varint(number);
    }

    /// Mostly short, sometimes as long as it may be.
    fn length(&mut self, maximum: usize, usual: usize) -> usize {
        if self.bytes.len() > ENOUGH {
            0
        } else if self.random.one_in(300) {
            maximum
        } else {
            self.random.below(usual.min(maximum) + 1)
        }
    }

    /// Never empty where some character is forbidden: user ids are not.
    fn text(&mut self, maximum: usize, allowed: impl Fn(char) -> bool) {
        let wanted = self.length(maximum, 40);
        let mut text = String::new();
        loop {
            let character = CHARACTERS[self.random.below(CHARACTERS.len())];
            if text.len() + character.len_utf8() > wanted {
                break;
            }
            if allowed(character) {
                text.push(character);
            }
        }
        if text.is_empty() && !allowed('\0') {
            text.push('é');
        }
        self.varint(text.len() as u64);
        self.bytes.extend(text.as_bytes());
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }
}
