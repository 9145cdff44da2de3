# Turn db/*.sql into C: awk -v part=h|c -f embed_sql.awk db/*.sql db/migrations/*.sql
#
# A query starts at "-- name: some_name" and runs to the next one. Comment
# lines are dropped, so a statement can be explained where it stands. Of the
# migrations only the name of the newest is kept.
function flush_query() {
    if (name == "") return
    sub(/[ \t\n;]+$/, "", sql)
    names[++n] = name; texts[n] = sql; name = sql = ""
}
function fail(text) { print FILENAME ":" FNR ": " text > "/dev/stderr"; bad = 1; exit 1 }
FNR == 1 { flush_query(); migration = 0 }
/^-- revision: / { migration = 1; if ($3 > newest) newest = $3 }
migration { next }
/^-- name: / {
    flush_query(); name = $3
    if (name !~ /^[a-z][a-z0-9_]*$/) fail("not a query name: " name)
    if (name in seen) fail(name " is named twice")
    seen[name] = 1; next
}
/^[ \t]*--/ || /^[ \t]*$/ { next }
name == "" { fail("SQL before a name") }
{ gsub(/\\/, "\\\\"); gsub(/"/, "\\\""); sql = sql (sql == "" ? "" : "\n") $0 }
END {
    if (bad) exit 1
    flush_query()
    print "/* Made by db/embed_sql.awk from the .sql files. Do not edit. */"
    if (part == "h") {
        print "#ifndef DB_QUERIES_H\n#define DB_QUERIES_H\n\nenum query {"
        for (i = 1; i <= n; i++) print "    Q_" toupper(names[i]) ","
        print "    QUERY_COUNT\n};\n"
        print "extern const struct query_text {\n    const char *name, *sql;\n} queries[QUERY_COUNT];\n"
        print "extern const char newest_revision[]; /* of the migrations */\n\n#endif"
    } else {
        print "#include \"db/queries.h\"\n\nconst struct query_text queries[QUERY_COUNT] = {"
        for (i = 1; i <= n; i++) {
            gsub(/\n/, "\\n\"\n      \"", texts[i])
            print "    { \"" names[i] "\",\n      \"" texts[i] "\" },"
        }
        print "};\n\nconst char newest_revision[] = \"" newest "\";"
    }
}
