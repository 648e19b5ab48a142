//! What a service told of what rooms are about.

use caffis_schema::command::SetContext;

use super::fate::Fate;

/// Something that was told.
#[derive(Clone, Debug)]
pub(crate) struct Telling {
    pub(crate) what: SetContext,
    pub(crate) fate: Fate,
}

impl Telling {
    /// It is told for the first time.
    pub(crate) fn new(what: SetContext) -> Self {
        let mut fate = Fate::default();
        fate.begins();
        Self { what, fate }
    }
}
