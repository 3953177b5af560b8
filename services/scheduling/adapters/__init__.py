"""Outside things: the policy's file, and the read models through which tokens are believed."""
