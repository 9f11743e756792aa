"""The forms of the VMS's HTTP API, once: pure functions between our nouns and its URLs and JSON, for both ends.

    nouns        what goes over the wire, as plain data        times     instants, path order, 1900 epoch
    ids          cameras                                       paths     every address of the contract
    body         the export request                            location  where a started export lives
    body_reading the export request as a client sent it        status    its state
    listing      cameras, archives, hosts, version, clock      recorded  intervals, frame times, depth, calendar
    events       alerts, detectors, bookmarks, audit           grpc      tokens and sessions through the gateway
    errors       error documents                               names     names from strangers as file names
    document     JSON from strangers: limits, fields

Reading is tolerant where the contract says so and strict in what it gives back; bytes that cannot be what they should
be raise `RemoteError` where a client reads a server, `RequestError` (naming the field) where a server reads a client.
"""
