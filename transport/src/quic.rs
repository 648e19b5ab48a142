//! QUIC, next.
