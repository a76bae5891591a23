# compare.pl SOURCE COPY: whether all of a tree is in its copy: names, types, owners, modes, times of
# files, targets of links, devices, and every byte. Reads the parts that have data in either file, so
# that holes take no time. Prints the first difference. Perl's own functions, without any module.
use strict;
use warnings;

my ($source, $copy) = @ARGV;
my $BLOCK = 1 << 20;
my ($SEEK_DATA, $SEEK_HOLE) = (3, 4);    # lseek(2)
my ($TYPES, $FOLDER, $FILE, $LINK) = (0xf000, 0x4000, 0x8000, 0xa000);    # inode(7)

sub differs { print "@_\n"; exit 1 }

sub names {
    my ($dir) = @_;
    opendir(my $handle, $dir) or differs("$dir: cannot be read: $!");
    my @all = sort grep { $_ ne '.' && $_ ne '..' } readdir $handle;
    closedir $handle;
    return @all;
}

# The ranges of a file that have data.
sub ranges {
    my ($handle, $size) = @_;
    my @all;
    for (my $at = 0; $at < $size;) {
        my $data = sysseek $handle, $at, $SEEK_DATA;
        last if !defined $data;
        my $end = sysseek($handle, $data + 0, $SEEK_HOLE) // $size;
        push @all, [$data + 0, $end + 0];
        $at = $end;
    }
    return @all;
}

sub bytes {
    my ($handle, $path, $at, $length) = @_;
    my $all = '';
    sysseek $handle, $at, 0;
    while (length $all < $length) {
        my $read = sysread $handle, $all, $length - length $all, length $all;
        differs("$path: cannot be read: $!") if !defined $read;
        last if $read == 0;
    }
    return $all;
}

sub compare_files {
    my ($from, $to, $size) = @_;
    open(my $one, '<:raw', $from) or differs("$from: cannot be read: $!");
    open(my $two, '<:raw', $to)   or differs("$to: cannot be read: $!");
    for (ranges($one, $size), ranges($two, $size)) {
        my ($at, $end) = @$_;
        for (; $at < $end; $at += $BLOCK) {
            my $length = $end - $at < $BLOCK ? $end - $at : $BLOCK;
            my $here  = bytes($one, $from, $at, $length);
            my $there = bytes($two, $to, $at, $length);
            differs("$to: another content at byte $at") if $here ne $there;
        }
    }
    close $one;
    close $two;
}

sub compare {
    my ($from, $to) = @_;
    my @a = lstat $from or differs("$from: $!");
    my @b = lstat $to   or differs("$to: missing");
    my $type = $a[2] & $TYPES;
    differs("$to: another type, mode or owner") if "@a[2, 4, 5]" ne "@b[2, 4, 5]";
    if ($type == $FOLDER) {
        my @names = names($from);
        my @there = names($to);
        differs("$to: other names") if join('/', @names) ne join('/', @there);
        compare("$from/$_", "$to/$_") for @names;
        return;
    }
    differs("$to: another time") if $a[9] != $b[9];
    if ($type == $LINK) {
        differs("$to: another target") if readlink($from) ne readlink($to);
    } elsif ($type == $FILE) {
        differs("$to: another size") if $a[7] != $b[7];
        compare_files($from, $to, $a[7]);
    } else {
        differs("$to: another device") if $a[6] != $b[6];
    }
}

no warnings 'recursion';
compare("$source/$_", "$copy/$_") for grep { !/^[.](lock|pool[.]json[.]new)$/ } names($source);
