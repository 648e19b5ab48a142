//! The golden vectors: frames with their JSON and their bytes, to test other codecs.

use std::{collections::BTreeSet, fmt::Write as _};

use anyhow::{Result, ensure};
use caffis_schema::codec::{Codec, encode};

use crate::{
    coverage,
    model::Model,
    samples::{self, Frame},
};

/// The text of the file: a list of objects, one value to a line.
pub(crate) fn vectors(model: &Model) -> Result<String> {
    let mut text = String::from("[\n");
    let mut names = BTreeSet::new();
    let mut covered = BTreeSet::new();
    for (name, frame) in samples::all() {
        let (root, bytes, json) = match &frame {
            Frame::Client(frame) => {
                ("ClientFrame", encode(frame, Codec::Binary)?, encode(frame, Codec::Json)?)
            }
            Frame::Server(frame) => {
                ("ServerFrame", encode(frame, Codec::Binary)?, encode(frame, Codec::Json)?)
            }
        };
        coverage::walk(model, root, &bytes, &mut covered)?;
        let separator = if names.is_empty() { "" } else { ",\n" };
        let json = String::from_utf8(json)?;
        write!(
            text,
            "{separator}  {{\n    \"name\": {name:?},\n    \"type\": \"{root}\",\n    \"json\": \
             {json},\n    \"hex\": \"{}\"\n  }}",
            hex(&bytes)
        )?;
        ensure!(names.insert(name.clone()), "two vectors are named {name}");
    }
    coverage::complete(model, &covered)?;
    text.push_str("\n]\n");
    Ok(text)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
