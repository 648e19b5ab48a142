//! The farewell codes that the transports themselves give. The rest are the product's, in
//! `caffis-schema`; the numbers here are reserved there.

/// The link broke without a farewell.
pub const ABRUPT: u16 = crate::link::Farewell::ABRUPT;

/// The other side sent bytes that are not valid frames, or a frame over the limit.
pub const PROTOCOL: u16 = 2;

/// On WebSocket, the close code is this plus the farewell's code.
pub const WEBSOCKET_BASE: u16 = 4000;

/// One side is done: what it means when a peer closes without one of our codes.
pub const NORMAL: u16 = 1;
