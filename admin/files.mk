bin_PROGRAMS += offstage-admin
offstage_admin_SOURCES = admin/admin.h admin/keys.c admin/main.c admin/options.c admin/options.h \
	admin/queues.c admin/users.c
offstage_admin_LDADD = $(DB_LIBS)
