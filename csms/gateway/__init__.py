"""Where stations connect: sockets, handshakes and the straight way in and out."""
