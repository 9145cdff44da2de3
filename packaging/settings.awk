# Makes a file of settings for systemd's EnvironmentFile= from the table in README.md.

BEGIN {
    FS = " *\\| *"
    print "# Settings of Offstage. Take the # away before those that you set."
}

/^<!-- settings -->$/ { inside = 1 }
/^<!-- end of settings -->$/ { inside = 0 }

inside && /^\| `OFFSTAGE_/ && $3 != "dev" {
    gsub(/`/, "")
    printf "\n# %s (%s; %s)\n#%s=%s\n", $6, $3, $4, $2, $5
}
