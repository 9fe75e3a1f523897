# SPDX-License-Identifier: ISC
# plot.awk - the figures of run.sh's @load, "workload system round name value" a line, as an SVG: CPU time of a delivery, and latency,
# against messages a second; medians over the rounds.

function sorted(list, n,    i, k, t) {
	for (i = 2; i <= n; i++)
		for (k = i; k > 1 && list[k - 1] > list[k]; k--) { t = list[k]; list[k] = list[k - 1]; list[k - 1] = t }
}

function median(s, x, name,    r, n, list) {
	n = 0
	for (r = 1; r <= rounds; r++)
		if ((s, x, r, name) in v) list[++n] = v[s, x, r, name] + 0
	sorted(list, n)
	return n == 0 ? -1 : n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

function text(x, y, anchor, what) {
	printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, what
}

function x_of(x) { return left + (log(x) - log(x_min)) / (log(x_max) - log(x_min)) * width }
function y_of(y) { return bottom - (log(y) - log(y_min)) / (log(y_max) - log(y_min)) * height }

function axes(title,    y, i) {
	text(left + width / 2, bottom - height - 12, "middle", title)
	for (y = y_min; y <= y_max * 1.001; y *= 10) {
		printf "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>\n", left, left + width, y_of(y), y_of(y)
		text(left - 6, y_of(y) + 4, "end", (y >= 1000000 ? y / 1000000 " " : y >= 1000 ? y / 1000 " m" : y " µ") "s")
	}
	for (i = 1; i <= n_x; i++)
		text(x_of(xs[i]), bottom + 16, "middle", xs[i])
	text(left + width / 2, bottom + 34, "middle", "messages a second, in 1,000 rooms of two")
}

function line(s, name, style,    i, y, points) {
	for (i = 1; i <= n_x; i++)
		if ((y = median(s, xs[i], name)) > 0)
			points = points sprintf("%.1f,%.1f ", x_of(xs[i]), y_of(y < y_min ? y_min : y > y_max ? y_max : y))
	printf "<polyline stroke=\"%s\" %s points=\"%s\"/>\n", colour[s], style, points
}

$1 ~ /^load-[0-9]+$/ {
	x = substr($1, 6) + 0
	if (!(x in seen_x)) { seen_x[x] = 1; xs[++n_x] = x }
	if (!($2 in seen_s)) { seen_s[$2] = 1; ss[++n_s] = $2 }
	v[$2, x, $3, $4] = $5
	if ($3 > rounds) rounds = $3
}

END {
	if (n_x < 2) { print "plot.awk: figures of at least two loads are needed" > "/dev/stderr"; exit 1 }
	sorted(xs, n_x)
	split("#0a6ebd #888888 #c2410c #7c3aed #15803d #b91c1c", palette, " ")
	for (i = 1; i <= n_s; i++)
		colour[ss[i]] = palette[(i - 1) % 6 + 1]
	x_min = xs[1]; x_max = xs[n_x]; width = 330; height = 260; bottom = 310
	print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 860 420\" font-family=\"sans-serif\" font-size=\"12\">"
	print "<style>polyline{fill:none;stroke-width:2}.grid{stroke:#ddd}.dashed{stroke-dasharray:5 4}</style>"
	print "<rect width=\"860\" height=\"420\" fill=\"white\"/>"
	left = 70; y_min = 1; y_max = 1000
	axes("CPU time of a delivery")
	for (i = 1; i <= n_s; i++)
		line(ss[i], "cpu_us_per_delivery", "")
	left = 500; y_min = 100; y_max = 10000000
	axes("latency from the scheduled time: p50, and p99 dashed")
	for (i = 1; i <= n_s; i++) {
		if (ss[i] == "floor")
			continue
		line(ss[i], "latency_p50_us", "")
		line(ss[i], "latency_p99_us", "class=\"dashed\"")
	}
	for (i = 1; i <= n_s; i++) {
		at = 70 + (i - 1) * 180
		printf "<rect x=\"%d\" y=\"378\" width=\"18\" height=\"4\" fill=\"%s\"/>\n", at, colour[ss[i]]
		text(at + 24, 384, "start", ss[i])
	}
	print "</svg>"
}
