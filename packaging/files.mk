# systemd's files, and a file of settings with every setting in it, commented out.

systemdunitdir = $(prefix)/lib/systemd/system
dist_systemdunit_DATA = packaging/offstage-app.socket
nodist_systemdunit_DATA = packaging/offstage-app.service packaging/offstage-stream.service \
	packaging/offstage-worker.service
CLEANFILES += $(nodist_systemdunit_DATA)

$(nodist_systemdunit_DATA): packaging/%: packaging/%.in Makefile
	$(AM_V_GEN)$(MKDIR_P) packaging && $(SED) 's|@bindir[@]|$(bindir)|g; s|@pkgdatadir[@]|$(pkgdatadir)|g' \
		$(srcdir)/$@.in >$@.tmp && mv $@.tmp $@

packagingdir = $(pkgdatadir)
dist_packaging_DATA = README.md packaging/remote-postgresql.conf
nodist_packaging_DATA = packaging/offstage.env
CLEANFILES += packaging/offstage.env

# From the table of settings in README.md, which a check keeps the same as the programs'.
packaging/offstage.env: README.md packaging/settings.awk
	$(AM_V_GEN)$(MKDIR_P) packaging && $(AWK) -f $(srcdir)/packaging/settings.awk $(srcdir)/README.md >$@.tmp \
		&& mv $@.tmp $@

install-data-local:
	$(MKDIR_P) $(DESTDIR)$(prefix)/lib/sysusers.d $(DESTDIR)$(prefix)/lib/tmpfiles.d
	$(INSTALL_DATA) $(srcdir)/packaging/offstage.sysusers $(DESTDIR)$(prefix)/lib/sysusers.d/offstage.conf
	$(INSTALL_DATA) $(srcdir)/packaging/offstage.tmpfiles $(DESTDIR)$(prefix)/lib/tmpfiles.d/offstage.conf

uninstall-local:
	rm -f $(DESTDIR)$(prefix)/lib/sysusers.d/offstage.conf $(DESTDIR)$(prefix)/lib/tmpfiles.d/offstage.conf

EXTRA_DIST += $(nodist_systemdunit_DATA:%=%.in) packaging/offstage.sysusers packaging/offstage.tmpfiles \
	packaging/settings.awk
