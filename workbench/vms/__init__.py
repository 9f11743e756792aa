"""The VMS's HTTP export API: its forms (`wire`, shared with the server) and a client."""
