//! Who may connect: a hook that the server gives, asked before any handshake.

use std::{any::Any, fmt, net::IpAddr, sync::Arc};

/// Held for the life of a connection; dropping it frees the place.
pub type Permit = Box<dyn Any + Send + Sync>;

/// Decides per address whether a new connection may be made. The hook does the counting: it returns a
/// permit that counts down when it is dropped, or none to refuse.
#[derive(Clone)]
pub struct Admit(Arc<dyn Fn(IpAddr) -> Option<Permit> + Send + Sync>);

impl Admit {
    /// A hook from a function, which must not block.
    pub fn new(hook: impl Fn(IpAddr) -> Option<Permit> + Send + Sync + 'static) -> Self {
        Self(Arc::new(hook))
    }

    pub(crate) fn ask(&self, address: IpAddr) -> Option<Permit> {
        (self.0)(address.to_canonical())
    }
}

impl Default for Admit {
    /// Admits everybody; the listeners' own limits still hold.
    fn default() -> Self {
        Self::new(|_| Some(Box::new(())))
    }
}

impl fmt::Debug for Admit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Admit")
    }
}
