"""The reference VMS: the export API of `vms.wire` served over any archive (extra ``[server]``)."""
