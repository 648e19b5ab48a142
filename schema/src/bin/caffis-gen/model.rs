//! What the wire types are, read from their schema into something that the writers can walk.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use postcard_schema::schema::{DataModelType, DataModelVariant, NamedType, NamedVariant};

/// The type of a field, an item or a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// A number, boolean or identifier that the runtime reads by this name.
    Scalar(Scalar),
    /// Text of at most so many bytes.
    Text(usize),
    /// At most so many bytes.
    Blob(usize),
    /// At most so many items.
    List(Box<Type>, usize),
    /// A value or nothing.
    Option(Box<Type>),
    /// A declared type.
    Named(&'static str),
}

/// A type without parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scalar {
    Bool,
    U8,
    U16,
    U32,
    U64,
    UserId,
    RoomId,
    ClientId,
    SessionId,
    DeviceId,
    InviteSecret,
    InviteDigest,
}

/// A type with a name of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Declaration {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it is made of.
    pub(crate) shape: Shape,
}

/// What a declared type is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Fields, one after the other.
    Struct(Vec<(&'static str, Type)>),
    /// Names, by their index.
    Choice(Vec<String>),
    /// Names that will grow.
    OpenChoice(Vec<String>),
    /// Variants, by their index.
    Enum(Vec<Variant>),
    /// Variants that will grow, each behind its length.
    OpenEnum(Vec<Variant>),
}

/// A variant of an enum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variant {
    /// Its name in JSON.
    pub(crate) name: String,
    /// What it carries.
    pub(crate) payload: Option<Type>,
}

/// The declared types, in the order in which they are first met.
#[derive(Default)]
pub(crate) struct Model {
    pub(crate) declarations: Vec<Declaration>,
    known: BTreeMap<&'static str, &'static NamedType>,
}

impl Model {
    /// Reads some types and all that they are made of.
    pub(crate) fn of(roots: &[&'static NamedType]) -> Result<Self> {
        let mut model = Self::default();
        for root in roots {
            model.read(root)?;
        }
        Ok(model)
    }

    fn read(&mut self, named: &'static NamedType) -> Result<Type> {
        if let Some(scalar) = scalar(named) {
            return Ok(Type::Scalar(scalar));
        }
        match named.ty {
            DataModelType::String => Ok(Type::Text(bound(named.name, "Text:")?)),
            DataModelType::ByteArray => Ok(Type::Blob(bound(named.name, "Blob:")?)),
            DataModelType::Seq(item) => {
                let maximum = bound(named.name, "List:")?;
                Ok(Type::List(Box::new(self.read(item)?), maximum))
            }
            DataModelType::Option(some) => Ok(Type::Option(Box::new(self.read(some)?))),
            DataModelType::Struct(_) | DataModelType::Enum(_) => self.declare(named),
            other => bail!("{}: {other:?} has no form on the wire", named.name),
        }
    }

    fn declare(&mut self, named: &'static NamedType) -> Result<Type> {
        let name = named.name.strip_prefix("Open:").unwrap_or(named.name);
        if let Some(known) = self.known.insert(name, named) {
            ensure!(known == named, "two types have the name {name}");
            return Ok(Type::Named(name));
        }
        // Its place comes before its parts: frames first, details later.
        let place = self.declarations.len();
        self.declarations.push(Declaration { name, shape: Shape::Struct(Vec::new()) });
        let shape = match named.ty {
            DataModelType::Struct(fields) => {
                let fields = fields.iter().map(|field| Ok((field.name, self.read(field.ty)?)));
                Shape::Struct(fields.collect::<Result<_>>()?)
            }
            DataModelType::Enum(variants) => self.variants(named, variants)?,
            other => bail!("{name}: {other:?} is not declared"),
        };
        self.declarations[place].shape = shape;
        Ok(Type::Named(name))
    }

    fn variants(
        &mut self,
        named: &'static NamedType,
        variants: &'static [&'static NamedVariant],
    ) -> Result<Shape> {
        let open = named.name.starts_with("Open:");
        let mut found = Vec::new();
        for (index, variant) in variants.iter().enumerate() {
            let name = if open {
                let (tag, name) = variant.name.split_once(':').context("an open variant's name")?;
                ensure!(tag.parse() == Ok(index), "{}: tags have to count up", named.name);
                name.to_owned()
            } else {
                snake_case(variant.name)
            };
            let payload = match variant.ty {
                DataModelVariant::UnitVariant => None,
                DataModelVariant::NewtypeVariant(payload) => match self.read(payload)? {
                    Type::Named("Empty") => None,
                    payload => Some(payload),
                },
                other => bail!("{}: {other:?} is not supported", named.name),
            };
            found.push(Variant { name, payload });
        }
        let units = variants.iter().all(|v| matches!(v.ty, DataModelVariant::UnitVariant));
        let names = || found.iter().map(|variant| variant.name.clone()).collect();
        Ok(match (open, units) {
            (false, true) => Shape::Choice(names()),
            (true, true) => Shape::OpenChoice(names()),
            (false, false) => Shape::Enum(found),
            (true, false) => Shape::OpenEnum(found),
        })
    }
}

fn scalar(named: &NamedType) -> Option<Scalar> {
    Some(match (named.name, named.ty) {
        ("UserId", _) => Scalar::UserId,
        ("RoomId", _) => Scalar::RoomId,
        ("ClientId", _) => Scalar::ClientId,
        ("SessionId", _) => Scalar::SessionId,
        ("DeviceId", _) => Scalar::DeviceId,
        ("InviteSecret", _) => Scalar::InviteSecret,
        ("InviteDigest", _) => Scalar::InviteDigest,
        (_, DataModelType::Bool) => Scalar::Bool,
        (_, DataModelType::U8) => Scalar::U8,
        (_, DataModelType::U16) => Scalar::U16,
        (_, DataModelType::U32) => Scalar::U32,
        (_, DataModelType::U64) => Scalar::U64,
        _ => return None,
    })
}

fn bound(name: &str, prefix: &str) -> Result<usize> {
    let bound = name.strip_prefix(prefix).with_context(|| format!("{name} has no maximum"))?;
    bound.parse().with_context(|| format!("{name} has no maximum"))
}

/// `RoomClass` as `room_class`.
pub(crate) fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// `reconnect_after_ms` as `reconnectAfterMs`.
pub(crate) fn camel_case(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |camel, part| {
        let (head, tail) = part.split_at(part.len().min(1));
        camel + &head.to_ascii_uppercase() + tail
    })
}
