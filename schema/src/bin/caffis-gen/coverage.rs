//! Which variants the golden vectors show: a walk over the bytes by the model alone.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail, ensure};

use crate::model::{Model, Scalar, Shape, Type, Variant};

/// Walks a frame and notes each variant that it meets, as `Type.variant`.
pub(crate) fn walk(
    model: &Model,
    root: &str,
    bytes: &[u8],
    covered: &mut BTreeSet<String>,
) -> Result<()> {
    let mut walk = Walk { model, rest: bytes, covered };
    walk.declared(root)?;
    ensure!(walk.rest.is_empty(), "{root}: bytes are left over");
    Ok(())
}

/// Fails when a variant of the model was never met.
pub(crate) fn complete(model: &Model, covered: &BTreeSet<String>) -> Result<()> {
    for declaration in &model.declarations {
        let (mut names, open) = match &declaration.shape {
            Shape::Struct(_) => continue,
            Shape::Choice(names) => (names.clone(), false),
            Shape::OpenChoice(names) => (names.clone(), true),
            Shape::Enum(variants) => (variant_names(variants), false),
            Shape::OpenEnum(variants) => (variant_names(variants), true),
        };
        if open {
            names.push("unknown".to_owned());
        }
        for name in names {
            let name = format!("{}.{name}", declaration.name);
            ensure!(covered.contains(&name), "{name} has no golden vector");
        }
    }
    Ok(())
}

fn variant_names(variants: &[Variant]) -> Vec<String> {
    variants.iter().map(|variant| variant.name.clone()).collect()
}

struct Walk<'a> {
    model: &'a Model,
    rest: &'a [u8],
    covered: &'a mut BTreeSet<String>,
}

impl<'a> Walk<'a> {
    fn declared(&mut self, name: &str) -> Result<()> {
        let model = self.model;
        let declaration = model.declarations.iter().find(|declaration| declaration.name == name);
        match &declaration.with_context(|| format!("{name} is not declared"))?.shape {
            Shape::Struct(fields) => fields.iter().try_for_each(|(_, ty)| self.value(ty)),
            Shape::Choice(names) => {
                let index = self.varint()?;
                self.met(name, names.get(index).map(String::as_str), false)
            }
            Shape::OpenChoice(names) => {
                let tag = self.varint()?;
                ensure!(self.sized()?.is_empty(), "{name}: a payload");
                self.met(name, names.get(tag).map(String::as_str), true)
            }
            Shape::Enum(variants) => {
                let index = self.varint()?;
                let variant = variants.get(index);
                self.met(name, variant.map(|variant| variant.name.as_str()), false)?;
                variant.and_then(|v| v.payload.as_ref()).map_or(Ok(()), |ty| self.value(ty))
            }
            Shape::OpenEnum(variants) => {
                let variant = variants.get(self.varint()?);
                let payload = self.sized()?;
                self.met(name, variant.map(|variant| variant.name.as_str()), true)?;
                let Some(ty) = variant.and_then(|variant| variant.payload.as_ref()) else {
                    return Ok(());
                };
                let after = std::mem::replace(&mut self.rest, payload);
                self.value(ty)?;
                ensure!(self.rest.is_empty(), "{name}: bytes after the payload");
                self.rest = after;
                Ok(())
            }
        }
    }

    fn met(&mut self, owner: &str, variant: Option<&str>, open: bool) -> Result<()> {
        let Some(name) = variant.or(open.then_some("unknown")) else {
            bail!("{owner} has no such variant");
        };
        self.covered.insert(format!("{owner}.{name}"));
        Ok(())
    }

    fn value(&mut self, ty: &Type) -> Result<()> {
        match ty {
            Type::Scalar(Scalar::Bool | Scalar::U8) => self.take(1).map(|_| ()),
            Type::Scalar(Scalar::U16 | Scalar::U32 | Scalar::U64 | Scalar::RoomId) => {
                self.varint().map(|_| ())
            }
            Type::Scalar(Scalar::UserId) | Type::Text(_) | Type::Blob(_) => {
                self.sized().map(|_| ())
            }
            Type::Scalar(
                Scalar::ClientId
                | Scalar::SessionId
                | Scalar::DeviceId
                | Scalar::InviteSecret
                | Scalar::InviteDigest,
            ) => self.take(16).map(|_| ()),
            Type::List(item, _) => {
                let length = self.varint()?;
                (0..length).try_for_each(|_| self.value(item))
            }
            Type::Option(some) => match self.take(1)? {
                [0] => Ok(()),
                _ => self.value(some),
            },
            Type::Named(name) => self.declared(name),
        }
    }

    fn varint(&mut self) -> Result<usize> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?.first().copied().unwrap_or_default();
            value |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        bail!("a varint without end")
    }

    fn sized(&mut self) -> Result<&'a [u8]> {
        let length = self.varint()?;
        self.take(length)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length).context("truncated")?;
        self.rest = rest;
        Ok(taken)
    }
}
