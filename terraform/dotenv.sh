# Changes variables in the file DOTENV_PATH and leaves everything else in it as it is. DOTENV_CHANGES has one change per
# line: NAME=VALUE sets a variable where it stands, or at the end of the file; NAME alone removes it. With DOTENV_REMOVE=1
# a file that is empty afterwards, or has nothing but AWS_REGION, is deleted. The rules are those of
# src/dynaseal_lab/stack/dotenv.py, and the tests hold both to the same files.
set -euf
umask 077
export LC_ALL=C

# The file that a symbolic link names is changed, and the link stays.
file=$DOTENV_PATH
links=0
while [ -L "$file" ]; do
  if [ "$links" -ge 40 ]; then
    echo "$DOTENV_PATH: too many levels of symbolic links" >&2
    exit 1
  fi
  link=$(readlink -- "$file")
  case $link in
    /*) file=$link ;;
    *) file=$(dirname -- "$file")/$link ;;
  esac
  links=$((links + 1))
done

old=/dev/null
[ ! -e "$file" ] || old=$file
if [ -d "$file" ]; then
  echo "$file is a folder, so no settings can be written to it" >&2
  exit 1
fi
[ "$old" != /dev/null ] || [ "${DOTENV_REMOVE:-}" != 1 ] || exit 0

# Not empty if the last line has no newline, which awk does not tell.
DOTENV_OPEN_END=$(tail -c 1 -- "$old")
export DOTENV_OPEN_END

# Beside the file, so that it can be replaced as a whole. mktemp gives it mode 0600.
new=$(mktemp "$file.XXXXXX")
trap 'rm -f -- "$new"' EXIT

awk '
  # Where the quote at `opening` of `text` is closed, or 0. A quote after a backslash closes nothing.
  function closing_quote(text, opening,    quote, position) {
    quote = substr(text, opening, 1)
    for (position = opening + 1; position <= length(text); position++)
      if (substr(text, position, 1) == quote && substr(text, position - 1, 1) != "\\")
        return position
    return 0
  }

  function is_comment(text) { return text ~ /^[ \t]*(#.*)?$/ }

  # Splits a line into `prefix`, `name`, `equals` and `rest`; returns 0 if it sets no variable.
  function split_line(text) {
    if (!match(text, /^[ \t]*(export[ \t]+)?/)) return 0
    prefix = substr(text, 1, RLENGTH)
    rest = substr(text, RLENGTH + 1)
    if (!match(rest, name_pattern) && !(prefix ~ /export/)) return 0
    if (!match(rest, name_pattern)) {  # a variable with the name export
      match(text, /^[ \t]*/)
      prefix = substr(text, 1, RLENGTH)
      rest = substr(text, RLENGTH + 1)
      match(rest, name_pattern)
    }
    name = substr(rest, 1, RLENGTH)
    rest = substr(rest, RLENGTH + 1)
    equals = ""
    if (match(rest, /^[ \t]*=/)) {
      equals = substr(rest, 1, RLENGTH)
      rest = substr(rest, RLENGTH + 1)
    }
    match(rest, /^[ \t]*/)
    blank = substr(rest, 1, RLENGTH)
    rest = substr(rest, RLENGTH + 1)
    return equals != "" || is_comment(rest)
  }

  # The line, split before, with another value.
  function with_value(value,    first, close_at, after) {
    if (equals == "") {
      after = blank rest
      return prefix name "=" value (after == "" ? "" : " " after)
    }
    first = substr(rest, 1, 1)
    if (first == "\"" || first == single) {
      close_at = closing_quote(rest, 1)
      if (close_at > 0) {
        after = substr(rest, close_at + 1)
        return prefix name equals blank first value first (is_comment(after) ? after : "")
      }
    }
    if (rest == "" || (first == "#" && blank != "")) return prefix name equals value blank rest
    after = ""
    if (match(rest, /[ \t]+#/)) after = substr(rest, RSTART)
    else if (match(rest, /[ \t]+$/)) after = substr(rest, RSTART)
    return prefix name equals blank value after
  }

  BEGIN {
    single = sprintf("%c", 39)
    name_pattern = "^[^=#\"" single " \t\r\n\f\v]+"
    count = split(ENVIRON["DOTENV_CHANGES"], changes, "\n")
    for (i = 1; i <= count; i++) {
      at = index(changes[i], "=")
      names[i] = at ? substr(changes[i], 1, at - 1) : changes[i]
      if (names[i] == "") continue
      wanted[names[i]] = at ? substr(changes[i], at + 1) : ""
      sets[names[i]] = at
    }
  }

  # Prints a line; its newline comes with the next one, because the last line may have none.
  function emit(text) {
    if (printed++) printf "\n"
    printf "%s", text
  }

  { lines[NR] = $0 }

  END {
    ending = lines[1] ~ /\r$/ ? "\r" : ""
    open_end = ENVIRON["DOTENV_OPEN_END"] != ""
    for (i = 1; i <= NR; i++) {
      text = lines[i]
      if (split_line(text) && equals != "" && index("\"" single, substr(rest, 1, 1)) && rest != "") {
        whole = rest
        last = i
        while (!closing_quote(whole, 1) && last < NR) whole = whole "\n" lines[++last]
        if (closing_quote(whole, 1))
          while (i < last) text = text "\n" lines[++i]
      }
      carriage_return = sub(/\r$/, "", text) ? "\r" : ""
      if (split_line(text) && (name in wanted)) {
        if (!sets[name]) {
          if (i == NR) open_end = 0
          continue
        }
        emit(with_value(wanted[name]) carriage_return)
        seen[name] = 1
      } else
        emit(text carriage_return)
    }
    for (i = 1; i <= count; i++)
      if (names[i] != "" && sets[names[i]] && !(names[i] in seen)) {
        if (open_end) printf "%s", ending
        open_end = 0
        emit(names[i] "=" wanted[names[i]] ending)
      }
    if (printed && !open_end) printf "\n"
  }
' "$old" > "$new"

if [ "${DOTENV_REMOVE:-}" = 1 ] && ! grep -qv '^[[:space:]]*\(AWS_REGION=.*\)\{0,1\}$' "$new"; then
  rm -f -- "$file"
  exit 0
fi

# Never more permissions than the old file had, and none for others.
case $(ls -ld -- "$old") in
  -r-*) chmod 400 "$new" ;;
esac
mv -f -- "$new" "$file"
trap - EXIT
